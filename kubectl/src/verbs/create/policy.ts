import { formatQuantity, type LabelRequirement, parseLabelSelector, parseQuantity } from '@keelson/machinery';
import type { Verb } from '../../types.ts';
import { generator, nameOf } from './generator.ts';

export const podDisruptionBudget: Verb = generator(
  'poddisruptionbudget NAME --selector=SELECTOR --min-available=N',
  {
    'max-unavailable': {
      type: 'string',
      help: 'The maximum number or percentage of unavailable pods this budget requires.',
    },
    'min-available': { type: 'string', help: 'The minimum number or percentage of available pods this budget requires.' },
    selector: { type: 'string', help: 'A label selector to use for this budget. Only equality-based selector requirements are supported.' },
  },
  (context) => {
    const { selector, 'max-unavailable': most, 'min-available': least } = context.flags;
    const name = nameOf(context);
    if (selector === '') throw new Error('a selector must be specified');
    if (most === '' && least === '') throw new Error('one of min-available or max-unavailable must be specified');
    if (most !== '' && least !== '') throw new Error('min-available and max-unavailable cannot be both specified');
    const spec = { ...amount('maxUnavailable', 'max-unavailable', most), ...amount('minAvailable', 'min-available', least) };
    const status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
    return {
      ...{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name } },
      ...{ spec: { ...spec, selector: selectorOf(selector) }, status },
    };
  },
);

function amount(field: string, flag: string, text: string): object {
  if (text === '') return {};
  if (!/^[0-9]+%?$/.test(text)) throw new Error(`invalid format specified for ${flag}`);
  return { [field]: text.endsWith('%') ? text : Number(text) };
}

const expressions: Readonly<Record<string, string>> = { in: 'In', notin: 'NotIn', exists: 'Exists', '!': 'DoesNotExist' };

function selectorOf(text: string): object {
  const { requirements } = parseLabelSelector(text);
  const isEquality = ({ operator }: LabelRequirement): boolean => operator === '=' || operator === '==';
  const equalities = requirements.filter(isEquality).map(({ key, values }) => [key, values[0] ?? '']);
  const others = requirements
    .filter((each) => !isEquality(each))
    .map(({ key, operator, values }) => {
      const name = expressions[operator];
      if (!name) throw new Error(`${JSON.stringify(operator)} is not a valid label selector operator`);
      return { key, operator: name, ...(values.length > 0 ? { values: [...values].sort() } : {}) };
    });
  return {
    ...(others.length > 0 ? { matchExpressions: others } : {}),
    ...(equalities.length > 0 ? { matchLabels: Object.fromEntries(equalities) } : {}),
  };
}

export const priorityClass: Verb = generator(
  'priorityclass NAME --value=VALUE --global-default=BOOL',
  {
    description: {
      type: 'string',
      help: 'description is an arbitrary string that usually provides guidelines on when this priority class should be used.',
    },
    'global-default': {
      type: 'bool',
      help: 'global-default specifies whether this PriorityClass should be considered as the default priority.',
    },
    'preemption-policy': {
      type: 'string',
      default: 'PreemptLowerPriority',
      help: 'preemption-policy is the policy for preempting pods with lower priority.',
    },
    value: { type: 'int', help: 'the value of this priority class.' },
  },
  (context) => {
    const { description, value, 'global-default': global, 'preemption-policy': preemptionPolicy } = context.flags;
    return {
      ...{ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: nameOf(context) } },
      ...(description ? { description } : {}),
      ...(global ? { globalDefault: true } : {}),
      ...{ preemptionPolicy, value },
    };
  },
);

export const quota: Verb = generator(
  'quota NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2]',
  {
    hard: { type: 'string', help: 'A comma-delimited set of resource=quantity pairs that define a hard limit.' },
    scopes: { type: 'string', help: 'A comma-delimited set of quota scopes that must all match each object tracked by the quota.' },
  },
  (context) => {
    const { hard, scopes } = context.flags;
    const name = nameOf(context);
    const limits = hard === '' ? {} : { hard: limitsOf(hard) };
    const spec = { ...limits, ...(scopes === '' ? {} : { scopes: scopes.split(',') }) };
    return { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name }, spec, status: {} };
  },
);

function limitsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const [resource = '', value, ...more] = pair.split('=');
      if (value === undefined || more.length > 0) throw new Error(`Invalid argument syntax ${pair}, expected <resource>=<value>`);
      return [resource, formatQuantity(parseQuantity(value))];
    }),
  );
}
