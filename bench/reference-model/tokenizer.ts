import { PAD_ID } from './shape.ts'

const SPECIAL = ['<s>', '<pad>', '</s>', '<unk>'] as const
const MASK = '<mask>'

/** Common words, to learn merges from: what BPE would find most often in English short texts. */
const WORDS = `the to and you for that this with have not are was but can what just like love good day time they all out
about now your from will when one get who going see today great new know really people think want back happy night best
would make need right there here how come work more thank thanks please never always still well much even life feel
tomorrow friday monday sunday weekend watch game play team first last week year morning ready hope wait better only
some over again after before down into off their them because then too very where why been being should could world
things everyone someone something nothing bad hate sad sorry amazing awesome beautiful terrible worst service movie music
song show home house school phone twitter video live news state president vote city friend friends family girl boy man`.split(/\s+/)

/** GPT-2's printable stand-in for each byte (Radford et al., 2019, `bytes_to_unicode`). */
function byteSymbols (): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255)
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++))
}

/** Merges that build each word from its first letter on, with and without the space (`Ġ`) before it. */
function learnMerges (known: Set<string>, limit: number): string[] {
  const merges = new Set<string>()
  for (const word of WORDS.flatMap((item) => [`Ġ${item}`, item])) {
    for (let length = 2; length <= word.length; length++) {
      const piece = word.slice(0, length)
      if (known.size >= limit) return [...merges]
      merges.add(`${word.slice(0, length - 1)} ${word[length - 1] as string}`)
      known.add(piece)
    }
  }
  return [...merges]
}

/** tokenizer.json of a byte-level BPE in RoBERTa's form, with exactly `size` entries: unused ones fill it up. */
export function robertaTokenizer (size: number): object {
  const pieces = new Set(byteSymbols())
  const merges = learnMerges(pieces, size - SPECIAL.length - 1)
  const tokens: string[] = [...SPECIAL, ...pieces]
  while (tokens.length < size - 1) tokens.push(`<unused${tokens.length}>`)
  tokens.push(MASK)
  const findId = (token: string): number => tokens.indexOf(token)
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [...SPECIAL, MASK].map((content) => ({
      id: findId(content), content, single_word: false, lstrip: content === MASK, rstrip: false, normalized: false, special: true
    })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: {
      type: 'RobertaProcessing', sep: ['</s>', findId('</s>')], cls: ['<s>', findId('<s>')], trim_offsets: true, add_prefix_space: false
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(tokens.map((token, index) => [token, index])),
      merges
    }
  }
}

/** tokenizer_config.json beside it. */
export const TOKENIZER_CONFIG = {
  tokenizer_class: 'RobertaTokenizer',
  model_max_length: 512,
  bos_token: '<s>',
  eos_token: '</s>',
  cls_token: '<s>',
  sep_token: '</s>',
  pad_token: SPECIAL[PAD_ID],
  unk_token: '<unk>',
  mask_token: MASK
}
