/* global __ENV, open -- provided by k6 */
import http from 'k6/http'
import { check } from 'k6'
import { SharedArray } from 'k6/data'
import { scenario } from 'k6/execution'

/** Sends one body per request at a constant arrival rate: `k6 run -e RATE=50 bench/texts/k6.js`, after `npm run bench:texts`. */

const { API_KEY = '', BODIES = '../../.cache/bench-texts/bodies.ndjson', DURATION = '30s', RATE = '50', URL = 'http://127.0.0.1:8000' } = __ENV
const bodies = new SharedArray('bodies', () => open(BODIES).trim().split('\n'))
const headers = { 'content-type': 'application/json', ...(API_KEY === '' ? {} : { authorization: `Bearer ${API_KEY}` }) }

export const options = {
  scenarios: {
    predict: { executor: 'constant-arrival-rate', rate: Number(RATE), duration: DURATION, preAllocatedVUs: 100, maxVUs: 1000 }
  },
  thresholds: { http_req_failed: ['rate<0.01'], http_req_duration: ['p(99)<500'] }
}

export default function () {
  const body = bodies[scenario.iterationInTest % bodies.length]
  check(http.post(`${URL}/predict`, body, { headers }), { 'status is 200': ({ status }) => status === 200 })
}
