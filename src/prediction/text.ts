/**
 * Hides user names and links as the model saw them in training: a word that starts with `@` and is longer than one
 * character becomes `@user`, a word that starts with `http` becomes `http`; words are split on single spaces.
 * Source: the model card of cardiffnlp/twitter-roberta-base-sentiment-latest.
 */
export function preprocess (text: string): string {
  if (!text.includes('@') && !text.includes('http')) return text
  return text.split(' ').map(maskWord).join(' ')
}

function maskWord (word: string): string {
  if (word.length > 1 && word.startsWith('@')) return '@user'
  return word.startsWith('http') ? 'http' : word
}
