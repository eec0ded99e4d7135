import { errorMessage } from '@keelson/base';
import { forbidden, StatusError } from '@keelson/machinery';
import { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '@keelson/types';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/types.ts';
import type { Services } from '../../http/services.ts';
import type { KindStore } from '../../registry/kind-store.ts';
import { Decisions } from '../cel/decisions.ts';
import { shownIn } from '../webhooks/equivalents.ts';
import { type Bound, boundTo, paramsOf, valuesOf } from './bindings.ts';
import { judge, type Verdict, type Violation } from './decide.ts';
import { isExempt } from './exempt.ts';
import type { Values } from './program.ts';

type Pair = Bound<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>;

/** Why a write is refused, by whom. */
interface Denial {
  readonly pair: Pair;
  readonly message: string;
  readonly reason: string;
}

/** `ValidatingAdmissionPolicy`: rules in CEL that every write they are bound to must keep. */
export function validatingPolicies(authorize: Services['authorize']): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionPolicy',
    async validate(attributes) {
      const { registry, store } = attributes;
      if (registry.of(ValidatingAdmissionPolicyBinding).cache.size === 0 || isExempt(store.kind)) return;
      const views = new Views(attributes, new Decisions(authorize, attributes.user));
      const denials: Denial[] = [];
      const told = new Annotations();
      for (const pair of boundTo(attributes, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding)) {
        for (const verdict of await verdicts(pair, attributes, views, denials)) {
          denials.push(...act(pair, verdict, attributes));
          for (const { key, value } of verdict.annotations) told.add(`${pair.policy.metadata.name}/${key}`, value);
        }
      }
      told.publish(attributes);
      const [first] = denials;
      if (first) throw refusal(first, attributes);
    },
  };
}

/** What a policy says for each object of parameters. Parameters that are not there may refuse the write. */
async function verdicts(pair: Pair, attributes: AdmissionAttributes, views: Views, denials: Denial[]): Promise<Verdict[]> {
  const { policy, version } = pair;
  const params = paramsFor(pair, attributes, denials);
  if (params.length === 0) return [];
  const values = await views.of(version);
  return views.decisions.settle(() => params.map((one) => judge(policy, { ...values, params: one })));
}

/** A write as CEL sees it, in each version that a policy looks at. Many policies look at one: it is made once. */
class Views {
  readonly decisions: Decisions;
  readonly #attributes: AdmissionAttributes;
  readonly #made = new Map<KindStore, Promise<Values>>();

  constructor(attributes: AdmissionAttributes, decisions: Decisions) {
    this.#attributes = attributes;
    this.decisions = decisions;
  }

  of(version: KindStore): Promise<Values> {
    const made = this.#made.get(version) ?? this.#make(version);
    this.#made.set(version, made);
    return made;
  }

  async #make(version: KindStore): Promise<Values> {
    const shown = await shownIn(this.#attributes, version);
    return { ...valuesOf(shown), ...this.decisions.variables(shown) };
  }
}

function paramsFor(pair: Pair, attributes: AdmissionAttributes, denials: Denial[]): unknown[] {
  const { policy, binding } = pair;
  try {
    return paramsOf(policy.spec?.paramKind, binding.spec?.paramRef, attributes);
  } catch (error) {
    const message = `failed to configure binding: ${errorMessage(error)}`;
    if (policy.spec?.failurePolicy !== 'Ignore') denials.push({ pair, message, reason: 'Invalid' });
    return [];
  }
}

/** Does with violations what the binding says; answers those that refuse the write. */
function act(pair: Pair, { violations, failures }: Verdict, attributes: AdmissionAttributes): Denial[] {
  const { policy, binding } = pair;
  const actions = binding.spec?.validationActions ?? [];
  const denials: Denial[] = failures.map((message) => ({ pair, message, reason: 'Invalid' }));
  for (const violation of violations) {
    if (actions.includes('Warn')) {
      const who = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}'`;
      attributes.warnings.push(`Validation failed for ${who}: ${violation.message}`);
    }
    if (actions.includes('Audit')) attributes.annotate?.(failureKey, JSON.stringify([failureValue(pair, violation)]));
    if (actions.includes('Deny')) denials.push({ pair, ...violation });
  }
  return denials;
}

const failureKey = 'validation.policy.admission.k8s.io/validation_failure';

function failureValue({ policy, binding }: Pair, { message, index }: Violation): object {
  const names = { policy: policy.metadata.name, binding: binding.metadata.name };
  return { message, ...names, expressionIndex: index, validationActions: binding.spec?.validationActions ?? [] };
}

/** What policies tell the audit log: the values of a key of several bindings or parameters together, each once. */
class Annotations {
  readonly #values = new Map<string, Set<string>>();

  add(key: string, value: string): void {
    const values = this.#values.get(key) ?? new Set();
    this.#values.set(key, values.add(value));
  }

  publish({ annotate }: AdmissionAttributes): void {
    for (const [key, values] of this.#values) annotate?.(key, [...values].join(', '));
  }
}

const codes: Readonly<Record<string, number>> = { Unauthorized: 401, Forbidden: 403, Invalid: 422, RequestEntityTooLarge: 413 };

function refusal({ pair: { policy, binding }, message: why, reason }: Denial, { store, name }: AdmissionAttributes): StatusError {
  const message = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${why}`;
  const { status } = forbidden(store.groupResource, name, message);
  return new StatusError({ ...status, reason, code: codes[reason] ?? 422, details: { ...status.details, causes: [{ message }] } });
}
