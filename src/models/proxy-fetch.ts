import type { EnvHttpProxyAgent, RequestInit, Response } from 'undici'

export type Fetch = (url: URL, init: RequestInit) => Promise<Response>

/** A proxy's address as curl accepts it: without a scheme it is http. */
function proxyUrl (env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name.toLowerCase()] || env[name] || ''
  const url = value === '' || value.includes('://') ? value : `http://${value}`
  try {
    if (url !== '') decodeURIComponent(new URL(url).username + new URL(url).password)
  } catch {
    throw new Error(`${name} is not a valid URL`)
  }
  return url
}

/**
 * A `fetch` that uses HTTP_PROXY, HTTPS_PROXY and NO_PROXY of `env`, in upper or lower case. Node's own ignores them by default.
 * The client is loaded with the first request: a start without a download does not need it.
 */
export function createProxyFetch (env: NodeJS.ProcessEnv = process.env): Fetch {
  let agent: EnvHttpProxyAgent | undefined
  return async (url, init) => {
    const undici = await import('undici')
    agent ??= new undici.EnvHttpProxyAgent({
      httpProxy: proxyUrl(env, 'HTTP_PROXY'),
      httpsProxy: proxyUrl(env, 'HTTPS_PROXY'),
      noProxy: env.no_proxy || env.NO_PROXY || '',
      // Plain requests are forwarded, not tunnelled: many proxies permit CONNECT to port 443 only.
      proxyTunnel: false
    })
    return await undici.fetch(url, { ...init, dispatcher: agent })
  }
}
