import neostandard from 'neostandard'
import tseslint from 'typescript-eslint'

export default [
  { ignores: ['dist/**', 'models/**', 'training/**', 'bench/results/**', 'coverage/**', '.cache/**', 'docs/examples/**'] },
  ...neostandard({ ts: true }),
  {
    rules: {
      '@stylistic/comma-dangle': ['error', 'never'],
      'max-lines': ['error', { max: 250 }],
      'no-void': ['error', { allowAsStatement: true }],
      // The reason of an abort is passed on unchanged.
      'prefer-promise-reject-errors': 'off',
      // A schema and the type derived from it share a name.
      '@typescript-eslint/no-redeclare': 'off'
    }
  },
  {
    files: ['public/**/*.js'],
    languageOptions: { globals: Object.fromEntries(['document', 'fetch', 'performance', 'sessionStorage', 'AbortController', 'setInterval', 'setTimeout', 'clearTimeout'].map((name) => [name, 'readonly'])) }
  },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname }
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error'
    }
  }
]
