/** Renders answers. Texts are set through textContent only, so that markup in them is shown as text. */

const byId = (id) => document.getElementById(id)
const formatPercent = (value) => `${(value * 100).toFixed(1)} %`
const KNOWN = new Set(['negative', 'neutral', 'positive'])

export function element (tag, { text, className, ...attributes } = {}, ...children) {
  const node = document.createElement(tag)
  if (text !== undefined) node.textContent = text
  if (className !== undefined) node.className = className
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  node.append(...children)
  return node
}

const toClass = (label) => KNOWN.has(label) ? label : 'neutral'
const capitalize = (word) => word.charAt(0).toUpperCase() + word.slice(1)
const formatMs = (value) => value < 1 ? `${value.toFixed(2)} ms` : value < 100 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`

/** Draws one bar per label; `format` turns a share into its text. */
function showBars (shares, best, format) {
  byId('bars').replaceChildren(...Object.entries(shares).map(([label, share]) => {
    const emphasis = label === best ? ' best' : ''
    return element('li', { className: toClass(label) },
      element('span', { className: `name${emphasis}`, text: label }),
      element('progress', { max: '1', value: String(share), 'aria-label': label }),
      element('span', { className: `value${emphasis}`, text: format(label, share) }))
  }))
}

function showFacts (facts) {
  byId('facts').replaceChildren(...facts.map(([term, value, wide]) =>
    element('div', { className: wide ? 'wide' : '' }, element('dt', { text: term }), element('dd', { text: value }))))
}

/** Shows a warning if the answer comes from the fallback; returns whether it does. */
function showFallback (model, requested) {
  const isFallback = requested !== undefined && requested !== model
  byId('fallback').hidden = !isFallback
  if (isFallback) byId('fallback').textContent = `The fallback model ${model} answered, because ${requested} is not loaded yet.`
  return isFallback
}

const timing = (stages, total) => [
  ...stages.map(([name, duration]) => [capitalize(name), formatMs(duration)]),
  ['Round trip', formatMs(total)]
]

/** The text, with each of its sentences underlined in the colour of its label; scores on hover and for screen readers. */
function markSentences (text, sentences) {
  const nodes = []
  let end = 0
  for (const { offset, length, label, score } of sentences) {
    const scored = `${label} ${formatPercent(score)}`
    nodes.push(text.slice(end, offset), element('span', { className: `sentence ${toClass(label)}`, title: scored },
      text.slice(offset, offset + length), element('span', { className: 'visually-hidden', text: ` (${scored})` })))
    end = offset + length
  }
  return [...nodes, text.slice(end)]
}

function showText (text, sentences) {
  byId('shown-text').replaceChildren(...(sentences.length > 1 ? markSentences(text, sentences) : [text]))
  byId('shown-text').hidden = false
}

export function showOne (text, { answer, stages, total }, requested) {
  const { label, score, scores, model, cached, truncated, sentences = [], mixed = false, warnings = [] } = answer
  const unreadable = warnings.includes('SCRIPT')
  byId('verdict').textContent = `${capitalize(label)}, ${formatPercent(score)}${mixed ? ': mixed' : ''}`
  showText(text, sentences)
  byId('script-warning').hidden = !unreadable
  showBars(scores, label, (_label, share) => formatPercent(share))
  const fallback = showFallback(model, requested)
  showFacts([
    ['Model', model, true],
    ['Cached', cached ? 'yes' : 'no'],
    ...(sentences.length > 1 ? [['Sentences', `${sentences.length}${mixed ? ', positive and negative' : ''}`]] : []),
    ...(truncated ? [['Length', 'truncated at the model\'s limit']] : []),
    ...timing(stages, total)
  ])
  byId('lines').hidden = true
  const warning = unreadable ? ' Warning: the model cannot read this script.' : ''
  reveal(`${capitalize(label)}, ${formatPercent(score)}.${warning} Answered by ${model}${fallback ? ', the fallback' : ''}${cached ? ', cached' : ''}.`)
}

/** Shows the distribution of many lines, and each line. Called again as `results` grows. */
export function showMany (results, total, { stages, elapsed, requested }) {
  const counts = {}
  for (const name of Object.keys(results[0].answer.scores)) counts[name] = 0
  for (const { answer } of results) counts[answer.label]++
  const [best] = Object.entries(counts).reduce((most, item) => item[1] > most[1] ? item : most)
  const shares = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count / results.length]))
  const done = results.length === total
  byId('verdict').textContent = done ? `${total} lines, most often ${best}` : `${results.length} of ${total} lines`
  byId('shown-text').hidden = true
  const unreadable = results.filter(({ answer }) => answer.warnings?.includes('SCRIPT')).length
  byId('script-warning').hidden = unreadable === 0
  showBars(shares, best, (name, share) => `${counts[name]} · ${Math.round(share * 100)} %`)
  const { model } = results[0].answer
  showFallback(model, requested)
  const models = [...new Set(results.map(({ answer }) => answer.model))]
  const cached = results.filter(({ answer }) => answer.cached).length
  showFacts([['Model', models.join(', '), true], ['Cached', `${cached} of ${results.length}`], ...timing(stages, elapsed)])
  const list = byId('lines')
  list.hidden = false
  for (const { text, answer } of results.slice(list.childElementCount)) {
    list.append(element('li', { className: toClass(answer.label) },
      element('span', { className: 'mark', 'aria-hidden': 'true' }),
      element('span', { text }),
      element('span', { className: 'label', text: `${answer.label} ${formatPercent(answer.score)}` })))
  }
  const summary = Object.entries(counts).map(([name, count]) => `${count} ${name}`).join(', ')
  reveal(done ? `${total} lines: ${summary}.` : undefined)
}

export function clearResult () {
  byId('result').hidden = true
  byId('lines').replaceChildren()
  hideProblem()
}

function reveal (announcement) {
  hideProblem()
  byId('result').hidden = false
  if (announcement !== undefined) byId('announce').textContent = announcement
}

export function showProblem (title, detail, again = false) {
  byId('problem-title').textContent = title
  byId('problem-detail').textContent = detail
  byId('again').hidden = !again
  byId('problem').hidden = false
}

export function hideProblem () {
  byId('problem').hidden = true
}

const STATES = { ok: 'Ready', degraded: 'Degraded', starting: 'Loading the model', stopping: 'Stopping', down: 'Down' }

/** Shows the service's status and model in the page's header. */
export function showState (health) {
  const { status, model } = health ?? { status: 'down', model: {} }
  byId('state').dataset.state = status
  const name = model.name ?? model.requested
  const title = health === undefined ? 'Not reachable' : model.fallback ? 'Fallback' : STATES[status]
  byId('state-text').textContent = name === undefined ? title : `${title}: ${name.split('/').pop()}`
}
