const url = process.env.SENTIMENT_URL ?? 'http://127.0.0.1:8000'

const response = await fetch(`${url}/predict`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ texts: ['I love this!', 'This is the worst service ever'] })
})
const answer = await response.json()
if (!response.ok) throw new Error(`${answer.code}: ${answer.detail}`)
for (const { label, score } of answer.predictions) console.log(label, score)
