import {
  checkRequirement,
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldUnsupported,
  invalidBy,
  isQualifiedName,
  type LabelOperator,
} from '@keelson/machinery';
import type { NodeSelectorTerm, TopologySpreadConstraint } from '@keelson/types';
import type { NodeResourcesFitArgs, PluginArgs, ResourceSpec, ScoringStrategy, ShapePoint } from './plugin-args.ts';

/** What upstream finds wrong with the arguments of a plugin before any is made. `NodeResourcesFit` looks at its own, see `fitErrors`. */
export function argErrors(plugin: string, args: PluginArgs, at: FieldPath): FieldError[] {
  switch (plugin) {
    case 'DefaultPreemption':
      return preemptionErrors(args.DefaultPreemption, at);
    case 'InterPodAffinity':
      return interPodErrors(args.InterPodAffinity, at);
    case 'NodeAffinity':
      return affinityErrors(args.NodeAffinity, at);
    case 'NodeResourcesBalancedAllocation':
      return balancedErrors(args.NodeResourcesBalancedAllocation.resources, at.child('resources'));
    case 'PodTopologySpread':
      return spreadErrors(args.PodTopologySpread, at);
    case 'DynamicResources':
      return timeoutErrors(args.DynamicResources, at);
    case 'VolumeBinding':
      return volumeErrors(args.VolumeBinding, at);
    default:
      return [];
  }
}

function interPodErrors({ hardPodAffinityWeight: weight }: PluginArgs['InterPodAffinity'], at: FieldPath): FieldError[] {
  return weight < 0 || weight > 100 ? [fieldInvalid(at.child('hardPodAffinityWeight'), weight, 'not in valid range [0, 100]')] : [];
}

function timeoutErrors({ filterTimeout, bindingTimeout }: PluginArgs['DynamicResources'], at: FieldPath): FieldError[] {
  const [filterAt, bindingAt] = [at.child('filterTimeout'), at.child('bindingTimeout')];
  return [
    ...(filterTimeout < 0 ? [fieldInvalid(filterAt, `${filterTimeout}ms`, 'must be zero or positive')] : []),
    ...(bindingTimeout < 1000 ? [fieldInvalid(bindingAt, `${bindingTimeout}ms`, 'must be at least 1 second')] : []),
  ];
}

function volumeErrors({ bindTimeoutSeconds: seconds, shape }: PluginArgs['VolumeBinding'], at: FieldPath): FieldError[] {
  const early = 'unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring';
  return [
    ...(seconds < 0
      ? [fieldInvalid(at.child('bindTimeoutSeconds'), seconds, 'invalid BindTimeoutSeconds, should not be a negative value')]
      : []),
    ...(shape ? [fieldInvalid(at.child('shape'), shape, early)] : []),
  ];
}

function preemptionErrors(args: PluginArgs['DefaultPreemption'], at: FieldPath): FieldError[] {
  const { minCandidateNodesPercentage: percentage, minCandidateNodesAbsolute: absolute } = args;
  const [percentageAt, absoluteAt] = [at.child('minCandidateNodesPercentage'), at.child('minCandidateNodesAbsolute')];
  const errors: FieldError[] = [];
  if (percentage < 0 || percentage > 100) errors.push(fieldInvalid(percentageAt, percentage, 'not in valid range [0, 100]'));
  if (absolute < 0) errors.push(fieldInvalid(absoluteAt, absolute, 'not in valid range [0, inf)'));
  if (percentage === 0 && absolute === 0) {
    errors.push(fieldInvalid(percentageAt, percentage, 'cannot be zero at the same time as minCandidateNodesAbsolute'));
    errors.push(fieldInvalid(absoluteAt, absolute, 'cannot be zero at the same time as minCandidateNodesPercentage'));
  }
  return errors;
}

function balancedErrors(resources: readonly ResourceSpec[], at: FieldPath): FieldError[] {
  return resources.flatMap(({ name, weight }, i) => {
    const twice = resources.findIndex((other) => other.name === name) < i;
    return [
      ...(twice ? [fieldDuplicate(at.index(i).child('name'), name)] : []),
      ...(weight === 1 ? [] : [fieldInvalid(at.index(i).child('weight'), weight, 'must be 1')]),
    ];
  });
}

function affinityErrors({ addedAffinity }: PluginArgs['NodeAffinity'], at: FieldPath): FieldError[] {
  const added = at.child('addedAffinity');
  const required = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const preferred = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const terms = added.child('requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms');
  const wishes = added.child('preferredDuringSchedulingIgnoredDuringExecution');
  return [
    ...required.flatMap((term, i) => termErrors(term, terms.index(i))),
    ...preferred.flatMap(({ weight, preference }, i) => (weight ? termErrors(preference ?? {}, wishes.index(i)) : [])),
  ];
}

const operators: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: 'gt',
  Lt: 'lt',
};

function termErrors({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, at: FieldPath): FieldError[] {
  const labels = matchExpressions.flatMap(({ key = '', operator: said = '', values = [] }, i) => {
    const here = at.child('matchExpressions').index(i);
    const operator = operators[said];
    if (!operator) return [fieldUnsupported(here.child('operator'), said, [])];
    return checkRequirement({ key, operator, values }).map((error) => ({ ...error, path: String(here.child(error.path)) }));
  });
  const fields = matchFields.flatMap(({ operator = '', values = [] }, i) => {
    const here = at.child('matchFields').index(i);
    if (operator !== 'In' && operator !== 'NotIn') return [fieldUnsupported(here.child('operator'), operator, ['In', 'NotIn'])];
    return values.length === 1 ? [] : [fieldInvalid(here.child('values'), values, 'must have one element')];
  });
  return [...labels, ...fields];
}

function spreadErrors({ defaultConstraints, defaultingType }: PluginArgs['PodTopologySpread'], at: FieldPath): FieldError[] {
  const type = at.child('defaultingType');
  const errors: FieldError[] = [];
  if (defaultingType !== 'System' && defaultingType !== 'List') errors.push(fieldUnsupported(type, defaultingType, ['System', 'List']));
  else if (defaultingType === 'System' && defaultConstraints.length > 0)
    errors.push(fieldInvalid(type, defaultingType, 'when .defaultConstraints are not empty'));
  const list = at.child('defaultConstraints');
  return [...errors, ...defaultConstraints.flatMap((_, i) => constraintErrors(defaultConstraints, i, list.index(i)))];
}

function constraintErrors(all: readonly TopologySpreadConstraint[], i: number, at: FieldPath): FieldError[] {
  const one = all[i];
  if (!one) return [];
  const { maxSkew, topologyKey, whenUnsatisfiable, labelSelector } = one;
  const [key, when] = [at.child('topologyKey'), at.child('whenUnsatisfiable')];
  const supported = ['DoNotSchedule', 'ScheduleAnyway'];
  const twice = all.findIndex((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable) < i;
  return [
    ...(maxSkew <= 0 ? [fieldInvalid(at.child('maxSkew'), maxSkew, 'not in valid range (0, inf)')] : []),
    ...(topologyKey === '' ? [fieldRequired(key, 'can not be empty')] : labelNameErrors(topologyKey, key)),
    ...(whenUnsatisfiable === ''
      ? [fieldRequired(when, 'can not be empty')]
      : supported.includes(whenUnsatisfiable)
        ? []
        : [fieldUnsupported(when, whenUnsatisfiable, supported)]),
    ...(labelSelector
      ? [fieldForbidden(at.child('labelSelector'), 'constraint must not define a selector, as they deduced for each pod')]
      : []),
    ...(twice ? [fieldDuplicate(at, `{${topologyKey}, ${whenUnsatisfiable}}`)] : []),
  ];
}

/** What upstream finds wrong with NodeResourcesFitArgs. */
export function fitErrors({ ignoredResources, ignoredResourceGroups, scoringStrategy }: NodeResourcesFitArgs, at: FieldPath): FieldError[] {
  const [names, groups] = [at.child('ignoredResources'), at.child('ignoredResourceGroups')];
  return [
    ...ignoredResources.flatMap((name, i) => labelNameErrors(name, names.index(i))),
    ...ignoredResourceGroups.flatMap((group, i) => [
      ...(group.includes('/') ? [fieldInvalid(groups.index(i), group, "resource group name can't contain '/'")] : []),
      ...labelNameErrors(group, groups.index(i)),
    ]),
    ...strategyErrors(scoringStrategy, at.child('scoringStrategy')),
  ];
}

const strategies: readonly string[] = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'];

function strategyErrors({ type, resources, requestedToCapacityRatio }: ScoringStrategy, at: FieldPath): FieldError[] {
  const ratio = at.child('requestedToCapacityRatio');
  const errors = strategies.includes(type) ? [] : [fieldUnsupported(at.child('type'), type, strategies)];
  for (const [i, { name, weight }] of resources.entries()) {
    const where = at.child('resources').index(i).child('weight');
    if (weight <= 0 || weight > 100) errors.push(fieldInvalid(where, weight, `resource weight of ${name} not in valid range (0, 100]`));
  }
  if (type !== 'RequestedToCapacityRatio')
    return requestedToCapacityRatio ? [...errors, fieldForbidden(ratio, 'must be nil when type is not RequestedToCapacityRatio')] : errors;
  if (!requestedToCapacityRatio) return [...errors, fieldRequired(ratio, 'must be specified when type is RequestedToCapacityRatio')];
  return [...errors, ...shapeErrors(requestedToCapacityRatio.shape, ratio.child('shape'))];
}

function shapeErrors(shape: readonly ShapePoint[], at: FieldPath): FieldError[] {
  if (shape.length === 0) return [fieldRequired(at, 'at least one point must be specified')];
  const unsorted = shape.findIndex(({ utilization }, i) => i > 0 && (shape[i - 1]?.utilization ?? 0) >= utilization);
  const errors: FieldError[] = [];
  const order = 'values must be sorted in increasing order';
  if (unsorted > 0) errors.push(fieldInvalid(at.index(unsorted).child('utilization'), shape[unsorted]?.utilization, order));
  for (const [i, { utilization, score }] of shape.entries()) {
    const point = at.index(i);
    if (utilization < 0 || utilization > 100)
      errors.push(fieldInvalid(point.child('utilization'), utilization, 'not in valid range [0, 100]'));
    if (score < 0 || score > 10) errors.push(fieldInvalid(point.child('score'), score, 'not in valid range [0, 10]'));
  }
  return errors;
}

function labelNameErrors(name: string, at: FieldPath): FieldError[] {
  return invalidBy(isQualifiedName(name), at, name);
}
