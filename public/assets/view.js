/** What is seen of an answer. Texts reach the page through textContent only: markup in them stays text. */

const byId = (id) => document.getElementById(id)
const percent = (value) => `${(value * 100).toFixed(1)} %`
const KNOWN = new Set(['negative', 'neutral', 'positive'])

export function element (tag, { text, className, ...attributes } = {}, ...children) {
  const node = document.createElement(tag)
  if (text !== undefined) node.textContent = text
  if (className !== undefined) node.className = className
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  node.append(...children)
  return node
}

const colour = (label) => KNOWN.has(label) ? label : 'neutral'
const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1)
const milliseconds = (value) => value < 1 ? `${value.toFixed(2)} ms` : value < 100 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`

/** Bars of shares by label; `say` words a share. */
function showBars (shares, best, say) {
  byId('bars').replaceChildren(...Object.entries(shares).map(([label, share]) => {
    const emphasis = label === best ? ' best' : ''
    return element('li', { className: colour(label) },
      element('span', { className: `name${emphasis}`, text: label }),
      element('progress', { max: '1', value: String(share), 'aria-label': label }),
      element('span', { className: `value${emphasis}`, text: say(label, share) }))
  }))
}

function showFacts (facts) {
  byId('facts').replaceChildren(...facts.map(([term, value, wide]) =>
    element('div', { className: wide ? 'wide' : '' }, element('dt', { text: term }), element('dd', { text: value }))))
}

/** Says plainly that another model than the one that was asked for has answered. */
function showFallback (model, requested) {
  const isFallback = requested !== undefined && requested !== model
  byId('fallback').hidden = !isFallback
  if (isFallback) byId('fallback').textContent = `The fallback answered: ${model} stands in, because ${requested} is not loaded yet.`
  return isFallback
}

const timing = (stages, total) => [
  ...stages.map(([name, duration]) => [capital(name), milliseconds(duration)]),
  ['Round trip', milliseconds(total)]
]

export function showOne (text, { answer, stages, total }, requested) {
  const { label, score, scores, model, cached, truncated } = answer
  byId('verdict').textContent = `${capital(label)}, ${percent(score)}`
  byId('shown-text').textContent = text
  byId('shown-text').hidden = false
  showBars(scores, label, (_label, share) => percent(share))
  const fallback = showFallback(model, requested)
  showFacts([
    ['Model', model, true],
    ['From the cache', cached ? 'yes' : 'no: computed'],
    ...(truncated ? [['Length', 'cut at the model\'s limit']] : []),
    ...timing(stages, total)
  ])
  byId('lines').hidden = true
  reveal(`${capital(label)}, ${percent(score)}. Answered by ${model}${fallback ? ', the fallback' : ''}${cached ? ', from the cache' : ''}.`)
}

/** Many lines: how they are distributed, and each. `results` grows while answers come. */
export function showMany (results, total, { stages, elapsed, requested }) {
  const counts = {}
  for (const name of Object.keys(results[0].answer.scores)) counts[name] = 0
  for (const { answer } of results) counts[answer.label]++
  const [best] = Object.entries(counts).reduce((most, item) => item[1] > most[1] ? item : most)
  const shares = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count / results.length]))
  const done = results.length === total
  byId('verdict').textContent = done ? `${total} lines, most often ${best}` : `${results.length} of ${total} lines`
  byId('shown-text').hidden = true
  showBars(shares, best, (name, share) => `${counts[name]} · ${Math.round(share * 100)} %`)
  const { model } = results[0].answer
  showFallback(model, requested)
  const models = [...new Set(results.map(({ answer }) => answer.model))]
  const cached = results.filter(({ answer }) => answer.cached).length
  showFacts([['Model', models.join(', '), true], ['From the cache', `${cached} of ${results.length}`], ...timing(stages, elapsed)])
  const list = byId('lines')
  list.hidden = false
  for (const { text, answer } of results.slice(list.childElementCount)) {
    list.append(element('li', { className: colour(answer.label) },
      element('span', { className: 'mark', 'aria-hidden': 'true' }),
      element('span', { text }),
      element('span', { className: 'says', text: `${answer.label} ${percent(answer.score)}` })))
  }
  const spoken = Object.entries(counts).map(([name, count]) => `${count} ${name}`).join(', ')
  reveal(done ? `${total} lines: ${spoken}.` : undefined)
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

/** The service's state in the page's head: what answers, and whether something is missing. */
export function showState (health) {
  const { status, model } = health ?? { status: 'down', model: {} }
  byId('state').dataset.state = status
  const name = model.name ?? model.requested
  const words = health === undefined ? 'Not reachable' : model.fallback ? 'Fallback' : STATES[status]
  byId('state-text').textContent = name === undefined ? words : `${words}: ${name.split('/').pop()}`
}
