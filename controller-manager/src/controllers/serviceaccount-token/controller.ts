import { type ControllerDefinition, defineController, type Key, keyOf, mapped, type ReconcileContext, splitKey } from '@keelson/runtime';
import { Secret, ServiceAccount } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { type AccountRef, accountRef, claimsOf, filled, isMeant, missingIn, withoutReference } from './plan.ts';
import type { ClaimsSigner } from './signer.ts';

const byAccount = 'account';
const bySecret = 'secret';

export interface TokenControllerOptions {
  readonly sign: ClaimsSigner;
  /** PEM for `ca.crt`; undefined: none is put in. */
  readonly rootCA: string | undefined;
  readonly workers: number;
}

/**
 * Fills the Secrets of type kubernetes.io/service-account-token that are made for a service account, removes them with it, and takes
 * references to such Secrets out of accounts when the Secrets are gone.
 */
export function serviceAccountTokenController({ sign, rootCA, workers }: TokenControllerOptions): ControllerDefinition {
  return defineController({
    name: 'serviceaccount_tokens_secret',
    reads: [Secret, ServiceAccount],
    writes: [Secret, ServiceAccount],
    triggers: [
      mapped(Secret, (secret) => (accountRef(secret) ? [keyOf(secret)] : []), { indexes: { [byAccount]: accountKeys } }),
      mapped(ServiceAccount, (account, { of }) => of(Secret).byIndex(byAccount, keyOf(account)).map(keyOf), {
        indexes: { [bySecret]: secretKeys },
      }),
    ],
    workers,
    async reconcile(key, context) {
      const secret = context.of(Secret).get(key);
      if (!secret) await forget(key, context);
      const ref = secret && accountRef(secret);
      if (!secret || !ref) return undefined;
      const account = await findAccount(ref, secret.metadata.namespace, context);
      if (!account) await remove(secret, context);
      else if (missingIn(secret, rootCA)) await fill(secret, account, { sign, rootCA }, context);
      return undefined;
    },
  });
}

function accountKeys(secret: Secret): string[] {
  const ref = accountRef(secret);
  return ref ? [`${secret.metadata.namespace}/${ref.name}`] : [];
}

function secretKeys({ metadata, secrets = [] }: ServiceAccount): string[] {
  return secrets.map(({ name }) => `${metadata.namespace}/${name}`);
}

/** Nothing is deleted by what is merely not seen yet: the server is asked before an account counts as gone. */
async function findAccount(ref: AccountRef, namespace: string | undefined, context: ReconcileContext): Promise<ServiceAccount | undefined> {
  const { name } = ref;
  const known = context.of(ServiceAccount).get(`${namespace}/${name}`);
  if (known && isMeant(ref, known)) return known;
  const live = await orGone(context.api.get(ServiceAccount, { name, namespace }));
  return live && isMeant(ref, live) ? live : undefined;
}

async function fill(
  seen: Secret,
  account: ServiceAccount,
  { sign, rootCA }: Pick<TokenControllerOptions, 'sign' | 'rootCA'>,
  { api }: ReconcileContext,
): Promise<void> {
  const { name = '', namespace, uid } = seen.metadata;
  const live = await orGone(api.get(Secret, { name, namespace }));
  const missing = live?.metadata.uid === uid && live ? missingIn(live, rootCA) : undefined;
  if (!live || !missing) return;
  const token = missing.token ? await sign(claimsOf(live, account)) : '';
  await orGone(api.update(Secret, filled(live, account, missing, token)));
}

async function remove({ metadata }: Secret, { api }: ReconcileContext): Promise<void> {
  const { name = '', namespace, uid } = metadata;
  await orGone(api.delete(Secret, { name, namespace }, { preconditions: { uid } }));
}

/** After a token Secret is gone: no account needs to name it. */
async function forget(key: Key, { of, api }: ReconcileContext): Promise<void> {
  const accounts = of(ServiceAccount).byIndex(bySecret, key);
  const { name, namespace } = splitKey(key);
  if (accounts.length === 0 || (await orGone(api.get(Secret, { name, namespace })))) return;
  for (const { metadata } of accounts) {
    const live = await orGone(api.get(ServiceAccount, { name: metadata.name ?? '', namespace }));
    const wanted = live && withoutReference(live, name);
    if (wanted) await orGone(api.update(ServiceAccount, wanted));
  }
}

async function orGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
