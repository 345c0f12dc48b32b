import { health, limits, predict, Problem, readLimits, Unreachable, useKey } from './service.js'
import { clearResult, element, hideProblem, showMany, showOne, showProblem, showState } from './view.js'

const EXAMPLES = [
  'I love this!',
  'Worst service ever, never again 😡',
  'The meeting is at 3pm',
  'not bad at all 😍',
  ['Great phone, the camera is stunning', 'Battery died after a week', 'It ships on Tuesday', 'Could be better, could be worse', 'Absolutely love the colour', 'Support never answered me'].join('\n')
]
/** More is a job for the command line. */
const MAX_LINES = 1_000
const STATE_MS = 10_000
/** Waits for a busy service, or one that loads its model, before the page gives up. */
const MAX_RETRIES = 600

const byId = (id) => document.getElementById(id)
const input = byId('text')
const send = byId('send')
/** Ends what is under way: a new text takes its place. */
let running
/** The model that was asked for: an answer of another one is the fallback's. */
let requested

const mode = () => document.querySelector('input[name="mode"]:checked').value
const linesOf = (text) => text.split('\n').map((line) => line.trim()).filter((line) => line !== '')
const number = (value) => value.toLocaleString('en')

function setMode (value) {
  document.querySelector(`input[name="mode"][value="${value}"]`).checked = true
  modeChanged()
}

function modeChanged () {
  byId('text-label').textContent = mode() === 'lines' ? 'Texts, one a line' : 'Text'
  input.rows = mode() === 'lines' ? 8 : 4
  count()
}

/** What is typed so far against the limits; false if it is too long. */
function count () {
  const many = mode() === 'lines'
  const texts = many ? linesOf(input.value) : [input.value]
  const long = texts.findIndex((text) => text.length > limits.maxTextLength)
  const over = long !== -1 || texts.length > MAX_LINES
  byId('count').dataset.over = String(over)
  input.setAttribute('aria-invalid', String(over))
  byId('count').textContent = long !== -1
    ? `${many ? `Line ${long + 1}: ` : ''}${number(texts[long].length)} characters, at most ${number(limits.maxTextLength)}`
    : many ? `${number(texts.length)} of at most ${number(MAX_LINES)} lines` : input.value === '' ? '' : `${number(input.value.length)} characters`
  return !over
}

const pause = (seconds, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, seconds * 1000)
  signal.addEventListener('abort', () => { clearTimeout(timer); reject(signal.reason) })
})

/** Asks again while the service says 503 with a time to come back, and says so. */
async function patiently (body, signal) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await predict(body, signal)
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 503 || attempt === MAX_RETRIES) throw error
      const seconds = Math.max(1, error.retryAfter)
      const title = error.code === 'OVERLOADED' ? 'The service is busy' : 'The model is not ready yet'
      showProblem(title, `Asking again every ${seconds === 1 ? 'second' : `${seconds} seconds`}, without your doing.`)
      await pause(seconds, signal)
    }
  }
}

async function readOne (text, signal) {
  const result = await patiently({ text }, signal)
  showOne(text, result, requested)
}

async function readMany (texts, signal) {
  const results = []
  const stages = new Map()
  const start = performance.now()
  while (results.length < texts.length) {
    const part = texts.slice(results.length, results.length + limits.batch)
    const result = await patiently({ texts: part }, signal)
    for (const [name, duration] of result.stages) stages.set(name, (stages.get(name) ?? 0) + duration)
    results.push(...result.answer.predictions.map((answer, index) => ({ text: part[index], answer })))
    showMany(results, texts.length, { stages: [...stages], elapsed: performance.now() - start, requested })
  }
}

/** An error in words, with what can be done. */
function explain (error) {
  if (error instanceof Unreachable) return showProblem('The service cannot be reached', 'The network is gone, or the service has stopped. Your text is still here.', true)
  if (!(error instanceof Problem)) return showProblem('Something went wrong on this page', error.message, true)
  if (error.status === 401) return askForKey(error)
  if (error.status === 429) return showProblem('Too many requests', `This service takes only so many a minute. Try again in ${error.retryAfter} s.`, true)
  if (error.status >= 500) return showProblem('The service could not answer', error.message, true)
  showProblem('The service refused this', error.message)
}

function askForKey (error) {
  byId('key-form').hidden = false
  showProblem('An API key is needed', error.message)
  byId('key').focus()
}

async function submit () {
  const text = input.value
  if (text.trim() === '') {
    showProblem('There is nothing to read', 'Type or paste a text first.')
    return input.focus()
  }
  if (!count()) return showProblem('That is too long', byId('count').textContent)
  running?.abort()
  const current = running = new AbortController()
  clearResult()
  byId('announce').textContent = 'Reading…'
  send.setAttribute('aria-disabled', 'true')
  send.textContent = 'Reading…'
  try {
    await refreshState()
    const many = mode() === 'lines'
    await (many ? readMany(linesOf(text), current.signal) : readOne(text, current.signal))
    byId('key-form').hidden = true
  } catch (error) {
    if (!current.signal.aborted) explain(error)
  } finally {
    if (running === current) {
      running = undefined
      send.removeAttribute('aria-disabled')
      send.textContent = 'Read it'
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
  count()
  input.focus()
})
input.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault()
    void submit()
  }
})
input.addEventListener('input', (event) => {
  // Several lines at once are a list, most likely.
  if (event.inputType === 'insertFromPaste' && linesOf(input.value).length > 1) setMode('lines')
  hideProblem()
  count()
})
for (const radio of document.querySelectorAll('input[name="mode"]')) radio.addEventListener('change', modeChanged)

byId('examples').append(...EXAMPLES.map((example) => {
  const many = example.includes('\n')
  const button = element('button', { type: 'button', text: many ? `${linesOf(example).length} reviews` : example })
  button.addEventListener('click', () => {
    input.value = example
    setMode(many ? 'lines' : 'one')
    void submit()
  })
  return element('li', {}, button)
}))

void refreshState()
void readLimits().then(count, () => {})
setInterval(() => { if (!document.hidden) void refreshState() }, STATE_MS)
