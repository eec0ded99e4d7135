import { equal, type FieldError, type FieldPath, fieldForbidden, forbidden, invalid, path } from '@keelson/machinery';
import { Namespace, ResourceClaim, ResourceClaimTemplate } from '@keelson/types';
import { describe } from '../auth/authorize.ts';
import { splitServiceAccount } from '../auth/tokens/service-account-name.ts';
import type { AuthorizationAttributes, Decision, UserInfo } from '../auth/types.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

type Authorize = (attributes: AuthorizationAttributes) => Promise<Decision>;

const adminLabel = 'resource.kubernetes.io/admin-access';
const nodeNameKey = 'authentication.kubernetes.io/node-name';

/**
 * Who may do what with claims of devices, beyond the roles for the claims themselves: administrators' access needs a label on the namespace;
 * what is allocated, and for whom, is said by those who may write `resourceclaims/binding`; what a driver's devices are like by those who
 * may write `resourceclaims/driver` of that driver's name, on any node or on their own. No plugin of Kubernetes' own: there the storage of
 * claims does it, so it cannot be left out either.
 */
export function deviceClaimCheck(authorize: Authorize): AdmissionPlugin {
  return {
    name: 'ResourceClaimAuthorization',
    async validate(attributes) {
      const errors = await faults(attributes, authorize);
      if (errors.length > 0) throw invalid(attributes.store.kind, attributes.name, errors);
    },
  };
}

async function faults(attributes: AdmissionAttributes, authorize: Authorize): Promise<FieldError[]> {
  const { operation, store, subresource, object, old } = attributes;
  const { typeName } = store.kind;
  const devices = path('spec', 'devices', 'requests');
  if (operation === 'CREATE' && subresource === '') {
    if (typeName === ResourceClaim.typeName) return adminFaults(attributes, (object as ResourceClaim).spec, devices);
    if (typeName === ResourceClaimTemplate.typeName) return adminFaults(attributes, (object as ResourceClaimTemplate).spec.spec, devices);
  }
  if (operation !== 'UPDATE' || subresource !== 'status' || typeName !== ResourceClaim.typeName) return [];
  const [next, before] = [(object as ResourceClaim).status ?? {}, (old as ResourceClaim).status ?? {}];
  const results = (status: Status): readonly Granted[] => status.allocation?.devices?.results ?? [];
  const granted = results(before).some(({ adminAccess }) => adminAccess);
  return [
    ...(granted ? [] : await labelFaults(attributes, results(next), path('status', 'allocation', 'devices', 'results'))),
    ...(await bindingFaults(attributes, authorize, next, before)),
    ...(await driverFaults(attributes, authorize, next, before)),
  ];
}

type Status = NonNullable<ResourceClaim['status']>;
type Result = NonNullable<NonNullable<NonNullable<Status['allocation']>['devices']>['results']>[number];

interface Granted {
  readonly adminAccess?: boolean | undefined;
}

function adminFaults(attributes: AdmissionAttributes, { devices }: ResourceClaim['spec'], at: FieldPath): Promise<FieldError[]> {
  return labelFaults(
    attributes,
    (devices?.requests ?? []).map(({ exactly }) => exactly ?? {}),
    at,
  );
}

/** Only the first that asks for it is named. */
async function labelFaults({ registry, namespace }: AdmissionAttributes, asked: readonly Granted[], at: FieldPath): Promise<FieldError[]> {
  const first = asked.findIndex(({ adminAccess }) => adminAccess);
  if (first === -1) return [];
  const labels = (await registry.readFresh(Namespace, '', namespace))?.metadata.labels;
  if (labels?.[adminLabel] === 'true') return [];
  const detail = `admin access to devices requires the \`${adminLabel}: true\` label on the containing namespace`;
  return [fieldForbidden(at.index(first).child('adminAccess'), detail)];
}

async function bindingFaults(attributes: AdmissionAttributes, authorize: Authorize, next: Status, old: Status): Promise<FieldError[]> {
  if (equal(next.allocation, old.allocation) && equal(next.reservedFor ?? [], old.reservedFor ?? [])) return [];
  const verb = verbOf(attributes);
  const why = await refusal(attributes, authorize, { verb, subresource: 'binding', namespace: '', name: '' });
  const needed = `resource="resourceclaims/binding", verb="${verb}"`;
  const detail = `changing status.allocation or status.reservedFor requires ${needed} permission: ${why}`;
  return why === undefined ? [] : [fieldForbidden(path('status'), detail)];
}

async function driverFaults(attributes: AdmissionAttributes, authorize: Authorize, next: Status, old: Status): Promise<FieldError[]> {
  const { user, namespace } = attributes;
  const kinds = isOnNode(user, nodeOf(next)) ? ['associated-node', 'arbitrary-node'] : ['arbitrary-node'];
  const verbs = kinds.map((kind) => `${kind}:${verbOf(attributes)}`);
  const errors: FieldError[] = [];
  for (const name of changedDrivers(next, old)) {
    const refusals: string[] = [];
    for (const verb of verbs) {
      const why = await refusal(attributes, authorize, { verb, subresource: 'driver', namespace, name });
      if (why === undefined) break;
      refusals.push(why);
    }
    if (refusals.length < verbs.length) continue;
    const needed = `resource="resourceclaims/driver", verb="[${verbs.join(' ')}]"`;
    errors.push(fieldForbidden(path('status', 'devices'), `changing status.devices requires ${needed} permission: ${refusals[0]}`));
  }
  return errors;
}

/** Drivers of devices that are new, gone or told of otherwise than before, in order. Nobody is left to tell of what is no longer allocated. */
function changedDrivers(next: Status, old: Status): string[] {
  const [devices, before] = [next.devices ?? [], old.devices ?? []];
  const keyed = new Map(before.map((one) => [keyOf(one), one]));
  const kept = new Set([...devices, ...returned(next, old)].map(keyOf));
  const changed = [...devices.filter((one) => !equal(one, keyed.get(keyOf(one)))), ...before.filter((one) => !kept.has(keyOf(one)))];
  return [...new Set(changed.map(({ driver }) => driver))].sort();
}

/** Devices that were allocated and are not any more. */
function returned(next: Status, old: Status): Result[] {
  const present = new Set((next.allocation?.devices?.results ?? []).map(keyOf));
  return (old.allocation?.devices?.results ?? []).filter((one) => !present.has(keyOf(one)));
}

const keyOf = ({ driver, pool, device, shareID = '' }: Pick<Result, 'driver' | 'pool' | 'device' | 'shareID'>): string =>
  [driver, pool, device, shareID].join('\n');

/** The one node an allocation is for; undefined where it may be another. */
function nodeOf({ allocation }: Status): string | undefined {
  const [term, ...more] = allocation?.nodeSelector?.nodeSelectorTerms ?? [];
  const [field, ...others] = term?.matchFields ?? [];
  if (more.length > 0 || others.length > 0 || (term?.matchExpressions ?? []).length > 0) return undefined;
  if (field?.key !== 'metadata.name' || field.operator !== 'In') return undefined;
  return field.values?.length === 1 ? field.values[0] : undefined;
}

/** Whether a service account's token is that of a pod of the node. */
function isOnNode({ name, extra }: UserInfo, node: string | undefined): boolean {
  const own = extra?.[nodeNameKey];
  return node !== undefined && splitServiceAccount(name) !== undefined && own?.length === 1 && own[0] === node;
}

const verbOf = ({ verb = 'update' }: AdmissionAttributes): string => verb;

/** Why a user may not write a subresource that is there for its permission only; undefined when they may. */
async function refusal(
  { user, store }: AdmissionAttributes,
  authorize: Authorize,
  asked: Pick<AuthorizationAttributes, 'verb' | 'subresource' | 'namespace' | 'name'>,
): Promise<string | undefined> {
  const { group, version, resource } = store.kind;
  const wanted = { user, isResource: true, path: '', group, version, resource, ...asked };
  const decision = await authorize(wanted);
  if (decision.type === 'allow') return undefined;
  return forbidden(store.groupResource, asked.name, describe(wanted, decision.reason)).message;
}
