"""Calls an overloaded service until a call fails, and prints the number of calls and the status of the failure."""

import os

from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

client = InferenceClient(os.environ["SENTIMENT_URL"])
calls = 0
status = None
while status is None and calls < 1000:
    calls += 1
    try:
        client.text_classification(f"text {calls}")
    except HfHubHTTPError as error:
        status = error.response.status_code
print(calls, status)
