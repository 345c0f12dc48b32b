/** Headers that authenticate a request with the key in API_KEY; none if it is not set. */
export function buildAuthHeaders (env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const { API_KEY: key = '' } = env
  return key === '' ? {} : { authorization: `Bearer ${key}` }
}
