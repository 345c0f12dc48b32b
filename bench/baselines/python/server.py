"""FastAPI with ONNX Runtime, as most people write it: the session's defaults, one text a run, in the thread pool."""

import json
import os
from pathlib import Path

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from tokenizers import Tokenizer

directory = Path(os.environ["MODEL_DIRECTORY"])
labels = json.loads((directory / "config.json").read_text())["id2label"]
tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
tokenizer.enable_truncation(512)
session = onnxruntime.InferenceSession(str(directory / "onnx" / "model_quantized.onnx"))
app = FastAPI()


class Body(BaseModel):
    text: str


@app.get("/health")
async def health():
    return {"status": "ok"}


@app.post("/predict")
def predict(body: Body):
    encoding = tokenizer.encode(body.text)
    inputs = {
        "input_ids": np.array([encoding.ids], dtype=np.int64),
        "attention_mask": np.array([encoding.attention_mask], dtype=np.int64),
    }
    logits = session.run(None, inputs)[0][0]
    scores = np.exp(logits - logits.max())
    scores /= scores.sum()
    best = int(scores.argmax())
    return {"label": labels[str(best)], "score": float(scores[best])}


uvicorn.run(app, host="127.0.0.1", port=int(os.environ["API_PORT"]), log_level="warning")
