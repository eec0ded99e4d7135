import { formatQuantity, parseQuantity } from '@keelson/machinery';
import type {
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  Node,
  NodeSelector,
  NodeSelectorRequirement,
  ResourceClaim,
} from '@keelson/types';
import type { Wanted } from './requests.ts';
import type { Found, Picked } from './search.ts';

/** What stands in the status of a claim that was given devices on a node. */
export function allocationOf(claim: ResourceClaim, { picked, ways }: Found, node: Node): AllocationResult {
  const config = configOf(claim, ways);
  const nodeSelector = selectorOf(picked, node);
  const results = picked.map(resultOf);
  return { devices: { results, ...(config.length > 0 ? { config } : {}) }, ...(nodeSelector ? { nodeSelector } : {}) };
}

function resultOf({ wanted, candidate, share }: Picked): DeviceRequestAllocationResult {
  const { device, slice } = candidate;
  const { tolerations = [] } = wanted.said;
  const { bindingConditions, bindingFailureConditions, capacity = {} } = device;
  const consumed = [...(share?.consumed ?? [])].map(([name, nanos]) => {
    const { format } = parseQuantity(capacity[name]?.value ?? '0');
    return [name, formatQuantity({ nanos, format })];
  });
  return {
    ...{ request: wanted.name, driver: slice.spec.driver, pool: slice.spec.pool.name, device: device.name },
    ...(wanted.adminAccess ? { adminAccess: true } : {}),
    ...(tolerations.length > 0 ? { tolerations } : {}),
    ...(bindingConditions ? { bindingConditions } : {}),
    ...(bindingFailureConditions ? { bindingFailureConditions } : {}),
    ...(share ? { shareID: share.id } : {}),
    ...(consumed.length > 0 ? { consumedCapacity: Object.fromEntries(consumed) } : {}),
  };
}

/** The classes' first, each once with all requests it was used for, then the claim's own that are about what was chosen. */
function configOf({ spec }: ResourceClaim, ways: readonly Wanted[]): DeviceAllocationConfiguration[] {
  const byClass = Map.groupBy(ways, ({ deviceClass }) => deviceClass.metadata.name);
  const ofClasses = [...byClass.values()].flatMap((used) =>
    (used[0]?.deviceClass.spec.config ?? []).map((config) => ({ ...config, source: 'FromClass', requests: used.map(({ name }) => name) })),
  );
  const chosen = new Set(ways.flatMap(({ names }) => names));
  const ofClaim = (spec.devices?.config ?? [])
    .filter(({ requests = [] }) => requests.length === 0 || requests.some((name) => chosen.has(name)))
    .map((config) => ({ ...config, source: 'FromClaim' }));
  const all = spec.devices?.requests?.length ?? 0;
  return [...ofClasses, ...ofClaim].map(({ requests = [], ...rest }) =>
    requests.length === 0 || requests.length === all ? rest : { ...rest, requests },
  );
}

/** Where the claim can be used from now on; undefined for everywhere. */
function selectorOf(picked: readonly Picked[], node: Node): NodeSelector | undefined {
  const fields: NodeSelectorRequirement[] = [];
  const expressions: NodeSelectorRequirement[] = [];
  for (const { candidate } of picked) {
    const { nodeName, nodeSelector } = candidate.place;
    if (nodeName || candidate.device.bindsToNode) return only(node);
    const [term] = nodeSelector?.nodeSelectorTerms ?? [];
    add(fields, term?.matchFields);
    add(expressions, term?.matchExpressions);
  }
  if (fields.length + expressions.length === 0) return undefined;
  const term = {
    ...(fields.length > 0 ? { matchFields: fields } : {}),
    ...(expressions.length > 0 ? { matchExpressions: expressions } : {}),
  };
  return { nodeSelectorTerms: [term] };
}

function only({ metadata }: Node): NodeSelector {
  return { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [metadata.name ?? ''] }] }] };
}

function add(to: NodeSelectorRequirement[], more: readonly NodeSelectorRequirement[] = []): void {
  for (const one of more) if (!to.some((there) => JSON.stringify(there) === JSON.stringify(one))) to.push(one);
}
