import type { Clock } from '@keelson/base';
import { type Api, objectPath, readJson } from '@keelson/client';
import { type CrossVersionObjectReference, type Kind, Scale } from '@keelson/types';
import { type Discovered, discover } from '../../discovery.ts';

/** What the server offers is asked for again after this long, in milliseconds. */
const rediscoverAfter = 30_000;

/** A target's scale, and whose it is. */
export interface TargetScale {
  readonly kind: Kind<unknown>;
  readonly scale: Scale;
}

/** Reads and writes the size of objects of any kind that has a `scale` subresource. */
export class ScaleTargets {
  readonly #clock: Clock;
  #known: { readonly resources: readonly Discovered[]; readonly at: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws Error for a reference that leads nowhere. */
  async read(api: Api, { apiVersion = '', kind, name }: CrossVersionObjectReference, namespace: string): Promise<TargetScale> {
    const group = groupOf(apiVersion);
    const resources = await this.#resources(api);
    const found = resources.find((one) => one.kind.group === group && one.kind.kind === kind)?.kind;
    if (!found) throw new Error(`no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`);
    const path = objectPath(found, { name, namespace }, 'scale');
    return { kind: found, scale: (await readJson(await api.raw({ method: 'GET', path }))) as Scale };
  }

  async write(api: Api, { kind, scale }: TargetScale, replicas: number): Promise<void> {
    await api.update(Scale, { ...scale, spec: { ...scale.spec, replicas } }, { subresource: 'scale', parent: kind });
  }

  async #resources(api: Api): Promise<readonly Discovered[]> {
    const now = this.#clock.now();
    if (!this.#known || now - this.#known.at >= rediscoverAfter) this.#known = { ...(await discover(api)), at: now };
    return this.#known.resources;
  }
}

/** @throws Error in the words of Kubernetes' parser. */
function groupOf(apiVersion: string): string {
  const parts = apiVersion.split('/');
  if (parts.length > 2) throw new Error(`unexpected GroupVersion string: ${apiVersion}`);
  return parts.length === 2 ? (parts[0] ?? '') : '';
}
