import os

import requests

url = os.environ.get("SENTIMENT_URL", "http://127.0.0.1:8000")

response = requests.post(f"{url}/predict", json={"texts": ["I love this!", "This is the worst service ever"]}, timeout=30)
answer = response.json()
if not response.ok:
    raise SystemExit(f"{answer['code']}: {answer['detail']}")
for prediction in answer["predictions"]:
    print(prediction["label"], prediction["score"])
