import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { connectionOf, type Kubeconfig, readKubeconfig } from '@keelson/client';
import { goQuote } from '@keelson/machinery';

/** Who a webhook is told that asks. */
export interface Credentials {
  /** Of the request. */
  readonly headers: Readonly<Record<string, string>>;
  /** PEM; both or none. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Finds what is shown to a webhook at `host:port`. */
export type FindCredentials = (target: string) => Credentials | undefined;

const apiVersions = ['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1alpha1'];

/**
 * Reads a WebhookAdmissionConfiguration: its kubeconfig's users are credentials by the webhooks they are for. Undefined where it names none.
 * @throws Error in one sentence.
 */
export function parseWebhookAdmission(document: unknown): FindCredentials | undefined {
  if (!document) return undefined;
  const { kind, apiVersion = '', kubeConfigFile = '' } = document as { kind?: string; apiVersion?: string; kubeConfigFile?: string };
  if ((kind !== 'WebhookAdmissionConfiguration' && kind !== 'WebhookAdmission') || !apiVersions.includes(apiVersion))
    throw new Error(
      `expected a WebhookAdmissionConfiguration of ${apiVersions[0]}, found ${kind ?? 'no kind'} of ${apiVersion || 'no version'}`,
    );
  if (!kubeConfigFile) return undefined;
  if (!isAbsolute(kubeConfigFile))
    throw new Error(`kubeConfigFile: Invalid value: ${goQuote(kubeConfigFile)}: must be an absolute file path`);
  return credentialsIn(readKubeconfig(kubeConfigFile));
}

/** The user named after a webhook's host and port, else after a domain it is in (`*.example.com`), else `*`, else the current context's. */
export function credentialsIn(config: Kubeconfig): FindCredentials {
  const users = new Map((config.users ?? []).map(({ name, user }) => [name, user]));
  const current = (config.contexts ?? []).find(({ name }) => name === config['current-context'])?.context?.user;
  const last = users.has('*') ? '*' : (current ?? '');
  return (target) => {
    const name = namesFor(target).find((one) => users.has(one)) ?? last;
    const user = users.get(name);
    return user && credentialsOf(connectionOf({ context: '', cluster: {}, user, namespace: undefined }));
  };
}

function namesFor(target: string): string[] {
  const without = target.replace(/:443$/, '');
  return [...domainsOf(target), ...(without === target ? [] : domainsOf(without))];
}

function domainsOf(target: string): string[] {
  const steps = target.split('.');
  return [target, ...steps.slice(1).map((_, index) => `*.${steps.slice(index + 1).join('.')}`)];
}

/** A token that lies in a file is read for each request: others renew it. */
function credentialsOf({ certData, keyData, token, tokenFile, username, password }: ReturnType<typeof connectionOf>): Credentials {
  const bearer = tokenFile ? readFileSync(tokenFile, 'utf8').trim() : token;
  const basic = username ? `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` : undefined;
  const authorization = bearer ? `Bearer ${bearer}` : basic;
  const [cert, key] = [certData, keyData].map((data) => (data === undefined ? undefined : Buffer.from(data)));
  return { headers: authorization ? { authorization } : {}, ...(cert && key ? { cert, key } : {}) };
}
