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

/**
 * What shows nothing: white space, control and format characters, characters that Unicode lets a renderer ignore (variation
 * selectors and the Hangul fillers among them), marks without a base, halves of surrogate pairs, and the blank Braille pattern.
 * Unassigned code points count as visible: they may be emoji of a later Unicode version.
 */
const INVISIBLE_ONLY = /^[\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{M}\p{Cs}\u2800]*$/u

/** Whether no letter, number, punctuation, symbol or emoji is left once invisible characters are removed. */
export function isBlank (text: string): boolean {
  return INVISIBLE_ONLY.test(text)
}
