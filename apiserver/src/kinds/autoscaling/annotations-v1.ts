import { badRequest, parseQuantity } from '@keelson/machinery';

/** Where version 1 keeps what it has no fields for, as JSON. */
export const annotation = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
} as const;

export type Annotations = Readonly<Record<string, string>>;

/** All but those; undefined where none is left. */
export function otherAnnotations(annotations: Annotations | undefined): Record<string, string> | undefined {
  const own: readonly string[] = Object.values(annotation);
  const rest = Object.entries(annotations ?? {}).filter(([name]) => !own.includes(name));
  return rest.length > 0 ? Object.fromEntries(rest) : undefined;
}

/** What a member of the JSON is: a scalar, an object of known members, a list, or a map of strings. */
type Shape = 'string' | 'integer' | 'quantity' | 'strings' | { readonly [member: string]: Shape } | readonly [Shape];

const labels: Shape = { matchLabels: 'strings', matchExpressions: [{ key: 'string', operator: 'string', values: ['string'] }] };
const reference: Shape = { apiVersion: 'string', kind: 'string', name: 'string' };
const rules: Shape = {
  stabilizationWindowSeconds: 'integer',
  selectPolicy: 'string',
  policies: [{ type: 'string', value: 'integer', periodSeconds: 'integer' }],
  tolerance: 'quantity',
};
const targets: Shape = { name: 'string', targetAverageUtilization: 'integer', targetAverageValue: 'quantity' };
const currents: Shape = { name: 'string', currentAverageUtilization: 'integer', currentAverageValue: 'quantity' };

const shapes = {
  metrics: [
    {
      type: 'string',
      object: { target: reference, metricName: 'string', targetValue: 'quantity', selector: labels, averageValue: 'quantity' },
      pods: { metricName: 'string', targetAverageValue: 'quantity', selector: labels },
      resource: targets,
      containerResource: { ...targets, container: 'string' },
      external: { metricName: 'string', metricSelector: labels, targetValue: 'quantity', targetAverageValue: 'quantity' },
    },
  ],
  currentMetrics: [
    {
      type: 'string',
      object: { target: reference, metricName: 'string', currentValue: 'quantity', selector: labels, averageValue: 'quantity' },
      pods: { metricName: 'string', currentAverageValue: 'quantity', selector: labels },
      resource: currents,
      containerResource: { ...currents, container: 'string' },
      external: { metricName: 'string', metricSelector: labels, currentValue: 'quantity', currentAverageValue: 'quantity' },
    },
  ],
  conditions: [{ type: 'string', status: 'string', lastTransitionTime: 'string', reason: 'string', message: 'string' }],
  behavior: { scaleUp: rules, scaleDown: rules },
} as const satisfies Record<keyof typeof annotation, Shape>;

/**
 * What an annotation says; anybody may have written it. Members it should not have are dropped.
 * @throws StatusError BadRequest when it is no JSON, or a member is of the wrong type.
 */
export function readAnnotation<T>(annotations: Annotations | undefined, which: keyof typeof annotation): T | undefined {
  const name = annotation[which];
  const text = annotations?.[name];
  if (text === undefined) return undefined;
  const refuse = (): never => {
    throw badRequest(`the annotation ${name} does not hold what it should`);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse();
  }
  return value === null ? undefined : (shaped(value, shapes[which], refuse) as T);
}

function shaped(value: unknown, shape: Shape, refuse: () => never): unknown {
  if (typeof shape === 'string') return isScalar(value, shape) ? value : refuse();
  if (typeof value !== 'object' || value === null) return refuse();
  const list = Array.isArray(value);
  if (isList(shape)) return list ? value.map((item) => shaped(item, shape[0], refuse)) : refuse();
  if (list) return refuse();
  const known = Object.entries(value).filter(([member, inner]) => inner !== null && Object.hasOwn(shape, member));
  return Object.fromEntries(known.map(([member, inner]) => [member, shaped(inner, shape[member] as Shape, refuse)]));
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function isScalar(value: unknown, shape: 'string' | 'integer' | 'quantity' | 'strings'): boolean {
  if (shape === 'integer') return Number.isInteger(value);
  if (shape === 'strings')
    return typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string');
  return typeof value === 'string' && (shape === 'string' || isQuantity(value));
}

function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch {
    return false;
  }
}
