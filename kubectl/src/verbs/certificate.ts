import { rfc3339 } from '@keelson/base';
import { ApiError } from '@keelson/client';
import { CertificateSigningRequest } from '@keelson/types';
import { throwAll } from '../errors.ts';
import { goOrder } from '../printers/go-order.ts';
import { outputFlags, resultPrinter } from '../printers/result.ts';
import { namesFiles } from '../resource/files.ts';
import { fetchTargets, fileFlags, resolveTargets } from '../resource/targets.ts';
import { type AnyObject, type Context, defineVerb, type Verb, type VerbEntry } from '../types.ts';

const decisionFlags = {
  ...fileFlags,
  ...outputFlags,
  force: { type: 'bool', help: 'Update the CSR even if it is already decided so.' },
} as const;

/** What is decided, and how conditions and messages say so. */
interface Decision {
  readonly type: 'Approved' | 'Denied';
  readonly not: 'Approved' | 'Denied';
  readonly verb: 'approve' | 'deny';
  readonly done: 'approved' | 'denied';
  readonly reason: string;
}

/** Tries against others who write the same request. */
const tries = 10;

const approve = decide({ type: 'Approved', not: 'Denied', verb: 'approve', done: 'approved', reason: 'KubectlApprove' });
const deny = decide({ type: 'Denied', not: 'Approved', verb: 'deny', done: 'denied', reason: 'KubectlDeny' });

function decide(decision: Decision): Verb {
  return defineVerb({
    usage: `certificate ${decision.verb} (-f FILENAME | NAME) [options]`,
    flags: decisionFlags,
    async run(context) {
      const { args, flags, cluster, shell } = context;
      if (args.length === 0 && !namesFiles(flags)) throw new Error('one or more CSRs must be specified as <name> or -f <filename>');
      const print = resultPrinter(context, await goOrder());
      const named = args.length > 0 ? ['certificatesigningrequest', ...args] : [];
      const selection = { args: named, filenames: flags.filename, kustomize: flags.kustomize, recursive: flags.recursive };
      const unread: unknown[] = [];
      const { found, errors } = await fetchTargets(cluster, await resolveTargets(cluster, shell, selection, unread), selection);
      errors.push(...unread);
      for (const { name, object } of found) {
        try {
          print(await decideOne(context, name, object, decision), decision.done);
        } catch (error) {
          errors.push(error);
        }
      }
      throwAll(errors);
    },
  });
}

async function decideOne(
  { cluster, flags, shell }: Context<typeof decisionFlags>,
  name: string,
  object: AnyObject,
  decision: Decision,
): Promise<AnyObject> {
  const now = rfc3339(shell.clock.now());
  let request = object as unknown as CertificateSigningRequest;
  for (let attempt = 1; ; attempt++) {
    const next = decided(request, decision, now);
    if (!next && !flags.force) return request as unknown as AnyObject;
    try {
      const written = await cluster.api.update(CertificateSigningRequest, next ?? request, { subresource: 'approval' });
      return written as unknown as AnyObject;
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== 'Conflict' || attempt === tries) throw error;
      request = await cluster.api.get(CertificateSigningRequest, { name });
    }
  }
}

/** The request with the decision; undefined where it has been taken. @throws Error where the opposite has been. */
function decided(request: CertificateSigningRequest, decision: Decision, now: string): CertificateSigningRequest | undefined {
  const { type, not, verb, done, reason } = decision;
  const conditions = request.status?.conditions ?? [];
  if (conditions.some((condition) => condition.type === not))
    throw new Error(`certificate signing request ${JSON.stringify(request.metadata.name)} is already ${not}`);
  if (conditions.some((condition) => condition.type === type)) return undefined;
  const message = `This CSR was ${done} by kubectl certificate ${verb}.`;
  return {
    ...request,
    status: { ...request.status, conditions: [...conditions, { type, status: 'True', reason, message, lastUpdateTime: now }] },
  };
}

const subverbs: readonly VerbEntry[] = [
  { name: 'approve', summary: 'Approve a certificate signing request', load: async () => approve },
  { name: 'deny', summary: 'Deny a certificate signing request', load: async () => deny },
];

export const verb: Verb = defineVerb({ usage: 'certificate SUBCOMMAND [options]', flags: {}, bare: 'always', subverbs });
