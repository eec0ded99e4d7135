import type { Logger } from '@keelson/base';
import { copyOf, equal } from '@keelson/machinery';
import { ClusterRole, ClusterRoleBinding, type Kind, Namespace, type PolicyRule, Role, RoleBinding, type Subject } from '@keelson/types';
import type { Registry } from '../../registry/registry.ts';
import type { Writable } from '../../registry/writable.ts';
import { createMissing, update } from '../../registry/write.ts';
import { systemUser } from '../types.ts';
import defaults from './defaults.json' with { type: 'json' };

const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate';
const bootstrapping = 'kubernetes.io/bootstrapping';

type RbacKind = typeof Role | typeof ClusterRole | typeof RoleBinding | typeof ClusterRoleBinding;

interface DefaultRole {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly rules?: readonly PolicyRule[];
  readonly aggregate?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

interface DefaultBinding {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly role: string;
  readonly subjects: readonly Subject[];
}

/** Rules of the default roles by name, for authorizers that grant them without a binding. */
export function defaultRules(role: string): readonly PolicyRule[] {
  return (defaults.roles as readonly DefaultRole[]).find(({ name }) => name === role)?.rules ?? [];
}

/**
 * Brings the default roles and bindings to what this version has: missing ones are made, missing rules and subjects are added; objects
 * annotated `autoupdate: "false"` are left alone. Aggregated roles get their rules here, as the roles they gather are known.
 * @throws Error when one could not be, once all have been tried.
 */
export async function bootstrapRbac(registry: Registry, log: Logger): Promise<void> {
  const all: Promise<boolean>[] = [];
  for (const role of defaults.roles as readonly DefaultRole[]) {
    all.push(ensure(registry, log, role.kind === 'Role' ? Role : ClusterRole, role.namespace ?? '', roleObject(role)));
  }
  for (const binding of defaults.bindings as readonly DefaultBinding[]) {
    all.push(
      ensure(
        registry,
        log,
        binding.kind === 'RoleBinding' ? RoleBinding : ClusterRoleBinding,
        binding.namespace ?? '',
        bindingObject(binding),
      ),
    );
  }
  if ((await Promise.all(all)).includes(false)) throw new Error('unable to initialize roles');
}

function roleObject({ name, namespace, rules, aggregate, labels }: DefaultRole): Writable {
  const metadata = { ...meta(name, namespace), labels: { [bootstrapping]: 'rbac-defaults', ...labels } };
  if (!aggregate) return { metadata, rules } as Writable;
  const aggregationRule = { clusterRoleSelectors: aggregate.map((label) => ({ matchLabels: { [label]: 'true' } })) };
  return { metadata, aggregationRule, rules: gather(aggregate) } as Writable;
}

/** Rules of all default roles that carry one of the labels, through other aggregated roles too. */
function gather(labels: readonly string[]): PolicyRule[] {
  const members = (defaults.roles as readonly DefaultRole[]).filter((role) => labels.some((label) => role.labels?.[label] === 'true'));
  return members.flatMap((role) => [...(role.rules ?? []), ...(role.aggregate ? gather(role.aggregate) : [])]);
}

function bindingObject({ kind, name, namespace, role, subjects }: DefaultBinding): Writable {
  const apiGroup = 'rbac.authorization.k8s.io';
  const isLocal =
    kind === 'RoleBinding' &&
    (defaults.roles as readonly DefaultRole[]).some((one) => one.kind === 'Role' && one.name === role && one.namespace === namespace);
  const full = subjects.map((subject) => (subject.kind === 'ServiceAccount' ? subject : { apiGroup, ...subject }));
  const roleRef = { apiGroup, kind: isLocal ? 'Role' : 'ClusterRole', name: role };
  return {
    metadata: { ...meta(name, namespace), labels: { [bootstrapping]: 'rbac-defaults' } },
    roleRef,
    subjects: full,
  } as unknown as Writable;
}

function meta(name: string, namespace: string | undefined): Writable['metadata'] {
  return { name, ...(namespace ? { namespace } : {}), annotations: { [autoUpdate]: 'true' } };
}

async function ensure(registry: Registry, log: Logger, kind: RbacKind, namespace: string, wanted: Writable): Promise<boolean> {
  const store = registry.of(kind);
  const name = wanted.metadata.name ?? '';
  const request = { namespace, user: systemUser, dryRun: false, subresource: '', warnings: [] };
  const present = registry.read(kind as Kind<Writable>, namespace, name);
  try {
    if (!present) await createMissing(registry, store, wanted, request);
    else if (present.metadata.annotations?.[autoUpdate] !== 'false' && lacks(present, wanted)) {
      await update(registry, store, name, { apply: (current) => merged(current, wanted) }, request);
    }
    return true;
  } catch (error) {
    log.warn('could not bring a default RBAC object up to date', { kind: kind.kind, name, namespace, err: error });
    return false;
  }
}

type Listed = { rules?: readonly unknown[]; subjects?: readonly unknown[] };

function lacks(present: Writable, wanted: Writable): boolean {
  return !equal(merged(copyOf(present), wanted), present);
}

/** `present` with what is missing; what an administrator added stays. */
function merged(present: Writable, wanted: Writable): Writable {
  const [had, has] = [present as Writable & Listed, wanted as Writable & Listed];
  for (const member of ['rules', 'subjects'] as const) {
    const missing = (has[member] ?? []).filter((one) => !(had[member] ?? []).some((other) => equal(one, other)));
    if (missing.length > 0) had[member] = [...(had[member] ?? []), ...missing];
  }
  return had;
}

/** Namespaces that exist in every cluster. */
export async function bootstrapNamespaces(registry: Registry): Promise<void> {
  const store = registry.of(Namespace);
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    if (registry.read(Namespace, '', name)) continue;
    const request = { namespace: '', user: systemUser, dryRun: false, subresource: '', warnings: [] };
    const object = { metadata: { name } };
    store.definition.defaults?.(object);
    await createMissing(registry, store, object, request);
  }
}
