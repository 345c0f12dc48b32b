import schemathesis

NDJSON = "application/x-ndjson"


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Leaves out streams: a bad line is answered with 200 and an error in its place, which no check knows of."""
    predict = raw_schema["paths"]["/predict"]["post"]
    predict["requestBody"]["content"].pop(NDJSON, None)
    predict["responses"]["200"]["content"].pop(NDJSON, None)
