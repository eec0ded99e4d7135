import { errorMessage } from '@keelson/base';
import { ServiceAccount, TokenRequest } from '@keelson/types';
import { objectPrinter } from '../../printers/objects.ts';
import { outputFlags } from '../../printers/result.ts';
import { type AnyObject, defineVerb, type Verb } from '../../types.ts';
import { generator, nameOf } from './generator.ts';

export const namespace: Verb = generator('namespace NAME', {}, (context) => {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: nameOf(context) }, spec: {}, status: {} };
});

export const serviceAccount: Verb = generator('serviceaccount NAME', {}, (context) => {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: nameOf(context) } };
});

export const token: Verb = defineVerb({
  usage: 'create token SERVICE_ACCOUNT_NAME [options]',
  flags: {
    audience: { type: 'array', help: 'Audience of the requested token. May be repeated to request a token valid for multiple audiences.' },
    'bound-object-kind': { type: 'string', help: 'Kind of an object to bind the token to. Supported kinds are Node, Pod, Secret.' },
    'bound-object-name': { type: 'string', help: 'Name of an object to bind the token to.' },
    'bound-object-uid': { type: 'string', help: 'UID of an object to bind the token to.' },
    duration: {
      type: 'duration',
      help: 'Requested lifetime of the issued token. The server may return a token with a longer or shorter lifetime.',
    },
    ...outputFlags,
  },
  async run(context) {
    const { flags, changed, cluster, shell } = context;
    const name = nameOf(context);
    const kind = flags['bound-object-kind'];
    if (kind && !['Node', 'Pod', 'Secret'].includes(kind)) throw new Error('supported --bound-object-kind values are Node, Pod, Secret');
    if (kind && !flags['bound-object-name']) throw new Error('--bound-object-name is required if --bound-object-kind is provided');
    const uid = flags['bound-object-uid'];
    if (!kind && flags['bound-object-name']) throw new Error('--bound-object-name can only be set if --bound-object-kind is provided');
    if (!kind && uid) throw new Error('--bound-object-uid can only be set if --bound-object-kind is provided');
    if (flags.duration < 0) throw new Error('--duration must be greater than or equal to 0');
    const bound = kind ? { apiVersion: 'v1', kind, name: flags['bound-object-name'], ...(uid ? { uid } : {}) } : undefined;
    const request = {
      apiVersion: TokenRequest.apiVersion,
      kind: TokenRequest.kind,
      metadata: { name, namespace: cluster.namespace },
      spec: {
        audiences: [...flags.audience],
        ...(flags.duration > 0 ? { expirationSeconds: Math.trunc(flags.duration / 1000) } : {}),
        ...(bound ? { boundObjectRef: bound } : {}),
      },
    };
    const answer = await cluster.api
      .create(TokenRequest, request as TokenRequest, { subresource: 'token', parent: ServiceAccount })
      .catch((error: unknown) => Promise.reject(new Error(`failed to create token: ${errorMessage(error)}`)));
    if (changed.has('output')) return void shell.stdout.write(objectPrinter(flags.output)(answer as unknown as AnyObject));
    const issued = answer.status?.token;
    if (!issued) throw new Error('failed to create token: no token in server response');
    shell.stdout.write(`${issued}\n`);
  },
});
