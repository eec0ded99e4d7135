import { readFileSync } from 'node:fs';
import type { Clock } from '@keelson/base';
import { httpTransport } from '@keelson/client';
import type { Extender } from './config.ts';

/** Asks an extender for something and resolves to its answer, read as JSON. @throws Error when there is none in time, or it is not 200. */
export type Ask = (verb: string, body: unknown) => Promise<unknown>;

/** Over HTTP. Files of certificates are read at once. @throws Error when one cannot be read */
export function askOverHttp(extender: Extender, clock: Clock): Ask {
  const { urlPrefix, enableHTTPS, tlsConfig = {}, httpTimeout } = extender;
  const [ca, cert, key] = [
    pem(tlsConfig.caData, tlsConfig.caFile),
    pem(tlsConfig.certData, tlsConfig.certFile),
    pem(tlsConfig.keyData, tlsConfig.keyFile),
  ];
  const prefix = urlPrefix.replace(/\/+$/, '');
  const transport = httpTransport({
    server: prefix,
    caData: ca,
    certData: cert,
    keyData: key,
    serverName: tlsConfig.serverName,
    // Upstream trusts anybody where TLS is asked for and no authority is named.
    insecureSkipTLSVerify: tlsConfig.insecure || (enableHTTPS && !ca),
    clock,
  });
  return async (verb, body) => {
    const late = new AbortController();
    const url = `${prefix}/${verb}`;
    const timer = clock.after(httpTimeout, () => late.abort(new Error(`Post "${url}": context deadline exceeded`)));
    try {
      const headers = { 'content-type': 'application/json' };
      const response = await transport.send({ method: 'POST', path: `/${verb}`, headers, body: JSON.stringify(body), signal: late.signal });
      if (response.status !== 200) {
        response.destroy();
        throw new Error(`failed ${verb} with extender at URL ${url}, code ${response.status}`);
      }
      const chunks: Buffer[] = [];
      for await (const chunk of response.chunks) chunks.push(chunk);
      return JSON.parse(Buffer.concat(chunks).toString('utf8'));
    } finally {
      timer.cancel();
    }
  };
}

function pem(data: string | undefined, file: string | undefined): Buffer | undefined {
  if (data) return Buffer.from(data, 'base64');
  return file ? readFileSync(file) : undefined;
}
