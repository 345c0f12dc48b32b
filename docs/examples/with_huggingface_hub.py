import os

from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

client = InferenceClient(os.environ.get("SENTIMENT_URL", "http://127.0.0.1:8000"))  # with API_KEYS set: token="KEY"

best, *_ = client.text_classification("I love this!", top_k=1)
print(best.label, best.score)

try:
    client.text_classification("")
except HfHubHTTPError as error:
    print(error.response.status_code, error.response.json()["error"])
