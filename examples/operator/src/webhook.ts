import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { systemClock } from '@keelson/base';
import { createCA, issue } from '@keelson/pki';
import { refusal } from './plan.ts';
import type { Site } from './site.ts';

interface Review {
  readonly request: { readonly uid: string; readonly object: Site };
}

export interface Webhook {
  /** Where the API server is to ask, and the PEM of the authority it is to trust. */
  readonly url: string;
  readonly caPem: string;
  close(): void;
}

/** Answers AdmissionReviews about sites, on a certificate made for this start. */
export async function serveWebhook(host: string, port: number): Promise<Webhook> {
  const clock = systemClock;
  const ca = await createCA({ commonName: 'site-operator-ca', days: 365, clock });
  const { certPem, keyPem } = await issue({ commonName: 'site-operator', ips: [host], usages: ['server'], days: 365, clock, ca });
  const server: Server = createServer({ cert: certPem, key: keyPem }, async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(verdict(JSON.parse(text) as Review)));
  });
  await once(server.listen(port, host), 'listening');
  const address = server.address();
  const bound = typeof address === 'object' ? address?.port : port;
  return {
    url: `https://${host}:${bound}/sites`,
    caPem: ca.certPem,
    close: () => void server.close(),
  };
}

function verdict({ request: { uid, object } }: Review): object {
  const message = refusal(object);
  const response = { uid, allowed: message === undefined, ...(message ? { status: { code: 403, message } } : {}) };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}
