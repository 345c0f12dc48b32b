"""The usual Python implementation: FastAPI, one text per run, in the thread pool. BACKEND selects the runtime and its options.

onnxruntime        ONNX Runtime with its default options
onnxruntime-tuned  one thread per run, without SkipLayerNormFusion, and one worker thread per core
openvino           OpenVINO optimized for throughput, and one worker thread per core
"""

import json
import os
import threading
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from tokenizers import Tokenizer

BACKEND = os.environ["BACKEND"]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
directory = Path(os.environ["MODEL_DIRECTORY"])
labels = json.loads((directory / "config.json").read_text())["id2label"]
tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
tokenizer.enable_truncation(512)


def load_onnxruntime():
    import onnxruntime

    options = onnxruntime.SessionOptions()
    if BACKEND == "onnxruntime-tuned":
        options.intra_op_num_threads = 1
        options.add_session_config_entry("optimization.disable_specified_optimizers", "SkipLayerNormFusion")
    session = onnxruntime.InferenceSession(str(directory / "onnx" / "model_quantized.onnx"), options)
    return lambda inputs: session.run(None, inputs)[0][0]


def load_openvino():
    import openvino

    settings = {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": CORES, "INFERENCE_NUM_THREADS": CORES}
    compiled = openvino.Core().compile_model(os.environ["OPENVINO_MODEL"], "CPU", settings)
    local = threading.local()

    def run(inputs):
        # An infer request serves one thread at a time.
        if not hasattr(local, "request"):
            local.request = compiled.create_infer_request()
        return local.request.infer(inputs)[0][0]

    return run


compute_logits = load_openvino() if BACKEND == "openvino" else load_onnxruntime()


@asynccontextmanager
async def lifespan(_app):
    if BACKEND != "onnxruntime":
        anyio.to_thread.current_default_thread_limiter().total_tokens = CORES
    yield


app = FastAPI(lifespan=lifespan)


class Body(BaseModel):
    text: str


@app.get("/health")
async def health():
    return {"status": "ok"}


@app.post("/predict")
def predict(body: Body):
    encoding = tokenizer.encode(body.text)
    logits = compute_logits({
        "input_ids": np.array([encoding.ids], dtype=np.int64),
        "attention_mask": np.array([encoding.attention_mask], dtype=np.int64),
    })
    scores = np.exp(logits - logits.max())
    scores /= scores.sum()
    best = int(scores.argmax())
    return {"label": labels[str(best)], "score": float(scores[best])}


# By default, uvicorn closes connections that idle for 5 s, which they do while other systems are measured.
uvicorn.run(app, host="127.0.0.1", port=int(os.environ["API_PORT"]), log_level="warning", timeout_keep_alive=120)
