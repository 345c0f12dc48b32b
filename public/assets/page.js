import { health, limits, predict, Problem, readLimits, Unreachable, useKey } from './service.js'
import { clearResult, element, hideProblem, showMany, showOne, showProblem, showState } from './view.js'

const EXAMPLES = [
  'I love this!',
  'Worst service ever, never again 😡',
  'The meeting is at 3pm',
  'not bad at all 😍',
  'The food was wonderful. The waiter was rude and we waited an hour!',
  ['Great phone, the camera is stunning', 'Battery died after a week', 'It ships on Tuesday', 'Could be better, could be worse', 'Absolutely love the colour', 'Support never answered me'].join('\n')
]
/** Use the command line tool for longer lists. */
const MAX_LINES = 1_000
const STATE_MS = 10_000
/** Retries while the service is overloaded or loads its model. */
const MAX_RETRIES = 600

const byId = (id) => document.getElementById(id)
const input = byId('text')
const send = byId('send')
/** Controller of the request in progress; a new one cancels it. */
let running
/** The configured model: an answer from another one comes from the fallback. */
let requested

const mode = () => document.querySelector('input[name="mode"]:checked').value
const splitLines = (text) => text.split('\n').map((line) => line.trim()).filter((line) => line !== '')
const formatNumber = (value) => value.toLocaleString('en')

function setMode (value) {
  document.querySelector(`input[name="mode"][value="${value}"]`).checked = true
  modeChanged()
}

function modeChanged () {
  byId('text-label').textContent = mode() === 'lines' ? 'Texts, one per line' : 'Text'
  input.rows = mode() === 'lines' ? 8 : 4
  updateCount()
}

/** Shows the length of the input and its limit; returns false if it is too long. */
function updateCount () {
  const many = mode() === 'lines'
  const texts = many ? splitLines(input.value) : [input.value]
  const long = texts.findIndex((text) => text.length > limits.maxTextLength)
  const over = long !== -1 || texts.length > MAX_LINES
  byId('count').dataset.over = String(over)
  input.setAttribute('aria-invalid', String(over))
  byId('count').textContent = long !== -1
    ? `${many ? `Line ${long + 1}: ` : ''}${formatNumber(texts[long].length)} characters, at most ${formatNumber(limits.maxTextLength)}`
    : many ? `${formatNumber(texts.length)} of at most ${formatNumber(MAX_LINES)} lines` : input.value === '' ? '' : `${formatNumber(input.value.length)} characters`
  return !over
}

const pause = (seconds, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, seconds * 1000)
  signal.addEventListener('abort', () => { clearTimeout(timer); reject(signal.reason) })
})

/** Sends a request, and retries and shows a message while the service answers 503. */
async function predictWithRetry (body, signal) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await predict(body, signal)
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 503 || attempt === MAX_RETRIES) throw error
      const seconds = Math.max(1, error.retryAfter)
      const title = error.code === 'OVERLOADED' ? 'The service is busy' : 'The model is not ready yet'
      showProblem(title, `Retrying every ${seconds === 1 ? 'second' : `${seconds} seconds`}.`)
      await pause(seconds, signal)
    }
  }
}

async function analyzeOne (text, signal) {
  const result = await predictWithRetry({ text, sentences: true }, signal).catch((error) => {
    // More sentences than one request takes: the text is analyzed as a whole.
    if (!(error instanceof Problem) || error.code !== 'BATCH_SIZE') throw error
    return predictWithRetry({ text }, signal)
  })
  showOne(text, result, requested)
}

async function analyzeMany (texts, signal) {
  const results = []
  const stages = new Map()
  const start = performance.now()
  while (results.length < texts.length) {
    const part = texts.slice(results.length, results.length + limits.batch)
    const result = await predictWithRetry({ texts: part }, signal)
    for (const [name, duration] of result.stages) stages.set(name, (stages.get(name) ?? 0) + duration)
    results.push(...result.answer.predictions.map((answer, index) => ({ text: part[index], answer })))
    showMany(results, texts.length, { stages: [...stages], elapsed: performance.now() - start, requested })
  }
}

/** Shows an error and what the user can do about it. */
function explain (error) {
  if (error instanceof Unreachable) return showProblem('The service cannot be reached', 'The network is down, or the service has stopped. Your text is still here.', true)
  if (!(error instanceof Problem)) return showProblem('This page failed', error.message, true)
  if (error.status === 401) return requestKey(error)
  if (error.status === 429) return showProblem('Too many requests', `The rate limit is exceeded. Try again in ${error.retryAfter} s.`, true)
  if (error.status >= 500) return showProblem('The service could not answer', error.message, true)
  showProblem('The service rejected the request', error.message)
}

function requestKey (error) {
  byId('key-form').hidden = false
  showProblem('An API key is required', error.message)
  byId('key').focus()
}

async function submit () {
  const text = input.value
  if (text.trim() === '') {
    showProblem('The text is empty', 'Type or paste a text first.')
    return input.focus()
  }
  if (!updateCount()) return showProblem('The text is too long', byId('count').textContent)
  running?.abort()
  const current = running = new AbortController()
  clearResult()
  byId('announce').textContent = 'Analyzing…'
  send.setAttribute('aria-disabled', 'true')
  send.textContent = 'Analyzing…'
  try {
    await refreshState()
    const many = mode() === 'lines'
    await (many ? analyzeMany(splitLines(text), current.signal) : analyzeOne(text, current.signal))
    byId('key-form').hidden = true
  } catch (error) {
    if (!current.signal.aborted) explain(error)
  } finally {
    if (running === current) {
      running = undefined
      send.removeAttribute('aria-disabled')
      send.textContent = 'Analyze'
    }
  }
}

async function refreshState () {
  try {
    const state = await health()
    requested = state.model.requested
    showState(state)
  } catch {
    showState(undefined)
  }
}

byId('form').addEventListener('submit', (event) => {
  event.preventDefault()
  void submit()
})
byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault()
  useKey(byId('key').value.trim())
  byId('key').value = ''
  void readLimits().catch(() => {})
  void submit()
})
byId('again').addEventListener('click', () => { void submit() })
byId('clear').addEventListener('click', () => {
  running?.abort()
  input.value = ''
  byId('announce').textContent = ''
  clearResult()
  updateCount()
  input.focus()
})
input.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault()
    void submit()
  }
})
input.addEventListener('input', (event) => {
  // Several pasted lines are most likely a list.
  if (event.inputType === 'insertFromPaste' && splitLines(input.value).length > 1) setMode('lines')
  hideProblem()
  updateCount()
})
for (const radio of document.querySelectorAll('input[name="mode"]')) radio.addEventListener('change', modeChanged)

byId('examples').append(...EXAMPLES.map((example) => {
  const many = example.includes('\n')
  const button = element('button', { type: 'button', text: many ? `${splitLines(example).length} reviews` : example })
  button.addEventListener('click', () => {
    input.value = example
    setMode(many ? 'lines' : 'one')
    void submit()
  })
  return element('li', {}, button)
}))

void refreshState()
void readLimits().then(updateCount, () => {})
setInterval(() => { if (!document.hidden) void refreshState() }, STATE_MS)
