import { parseGoDuration } from '@keelson/base';
import { readForm, strictDecodingError } from '@keelson/component';
import { goQuote } from '@keelson/machinery';
import type { NodeAffinity, TopologySpreadConstraint } from '@keelson/types';
import { argForms } from './arg-forms.ts';
import {
  type DynamicResourcesArgs,
  defaultArgs,
  type PluginArgs,
  type ResourceSpec,
  type ScoringStrategy,
  type ShapePoint,
} from './plugin-args.ts';

/** An entry of a profile's `pluginConfig`, as it is written. */
export interface PluginConfigDocument {
  readonly name?: string;
  readonly args?: unknown;
}

/** An entry whose arguments are of the right types. Undefined where the plugin takes none, or is not Kubernetes' own. */
export interface DecodedConfig {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>> | undefined;
}

const group = 'kubescheduler.config.k8s.io';
const version = `${group}/v1`;

/**
 * Checks the types of what all profiles say to their plugins. Defaults and ranges come after. @throws Error in upstream's words for
 * arguments of another plugin, values of another type and fields that the arguments do not have.
 */
export function decodePluginConfigs(profiles: readonly (readonly PluginConfigDocument[])[]): readonly (readonly DecodedConfig[])[] {
  const strict: string[] = [];
  const decoded = profiles.map((configs, i) =>
    configs.map(({ name = '', args }, j) => {
      const at = `decoding .profiles[${i}].pluginConfig[${j}]: `;
      try {
        const { value, unknown } = decodeArgs(name, args);
        if (unknown.length > 0)
          strict.push(`${at}strict decoding error: decoding args for plugin ${name}: ${strictDecodingError(unknown)}`);
        return { name, args: value };
      } catch (error) {
        throw new Error(`${at}${error instanceof Error ? error.message : String(error)}`);
      }
    }),
  );
  if (strict.length > 0) throw new Error(`strict decoding error: ${strict.join(', ')}`);
  return decoded;
}

function decodeArgs(name: string, args: unknown): { value: DecodedConfig['args']; unknown: readonly string[] } {
  const form = argForms.get(name);
  if (!form) return { value: undefined, unknown: [] };
  checkKind(name, (args ?? {}) as { kind?: unknown; apiVersion?: unknown });
  try {
    const { value, unknown } = readForm(form, args ?? {});
    return { value: value as Record<string, unknown>, unknown };
  } catch (error) {
    throw new Error(`decoding args for plugin ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Kind and version may be left out. */
function checkKind(name: string, { kind = `${name}Args`, apiVersion = version }: { kind?: unknown; apiVersion?: unknown }): void {
  const [own, of] = [String(kind || `${name}Args`), String(apiVersion || version)];
  if (of !== version || !argForms.has(own.replace(/Args$/, '')))
    throw new Error(`decoding args for plugin ${name}: no kind ${goQuote(own)} is registered for version ${goQuote(of)}`);
  if (own !== `${name}Args`) throw new Error(`args for plugin ${name} were not of type ${name}Args.${group}, got ${own}.${group}`);
}

/** With Kubernetes' defaults for all that is not said. Ranges are not looked at: the values may be any of their type. */
export function completeArgs(configs: readonly DecodedConfig[]): PluginArgs {
  const of = <T>(name: string): Partial<T> => (configs.find((config) => config.name === name)?.args ?? {}) as Partial<T>;
  const { scoringStrategy, ignoredResources = [], ignoredResourceGroups = [] } = of<PluginArgs['NodeResourcesFit']>('NodeResourcesFit');
  const { defaultConstraints = [], defaultingType } = of<PluginArgs['PodTopologySpread']>('PodTopologySpread');
  const { resources } = of<PluginArgs['NodeResourcesBalancedAllocation']>('NodeResourcesBalancedAllocation');
  return {
    NodeResourcesFit: { ignoredResources, ignoredResourceGroups, scoringStrategy: completeStrategy(scoringStrategy) },
    NodeResourcesBalancedAllocation: { resources: weighed(resources, defaultArgs.NodeResourcesBalancedAllocation.resources) },
    NodeAffinity: affinityOf(of<PluginArgs['NodeAffinity']>('NodeAffinity').addedAffinity),
    InterPodAffinity: { ...defaultArgs.InterPodAffinity, ...facts(of<PluginArgs['InterPodAffinity']>('InterPodAffinity')) },
    PodTopologySpread: {
      defaultConstraints: defaultConstraints.map(completeConstraint),
      defaultingType: defaultingType || defaultArgs.PodTopologySpread.defaultingType,
    },
    DefaultPreemption: { ...defaultArgs.DefaultPreemption, ...facts(of<PluginArgs['DefaultPreemption']>('DefaultPreemption')) },
    DynamicResources: timeoutsOf(of<Record<keyof DynamicResourcesArgs, string>>('DynamicResources')),
    VolumeBinding: { ...defaultArgs.VolumeBinding, ...facts(of<PluginArgs['VolumeBinding']>('VolumeBinding')) },
  };
}

/** @throws Error for what is no duration */
function timeoutsOf({ filterTimeout, bindingTimeout }: Partial<Record<keyof DynamicResourcesArgs, string>>): DynamicResourcesArgs {
  const usual = defaultArgs.DynamicResources;
  return {
    filterTimeout: filterTimeout === undefined ? usual.filterTimeout : parseGoDuration(filterTimeout),
    bindingTimeout: bindingTimeout === undefined ? usual.bindingTimeout : parseGoDuration(bindingTimeout),
  };
}

/** What is said, beside of which kind it is. */
function facts<T extends object>(args: T): T {
  return Object.fromEntries(Object.entries(args).filter(([name]) => name !== 'kind' && name !== 'apiVersion')) as T;
}

function completeStrategy(said: Partial<ScoringStrategy> | undefined): ScoringStrategy {
  const usual = defaultArgs.NodeResourcesFit.scoringStrategy;
  if (!said) return usual;
  const ratio = said.requestedToCapacityRatio;
  const shape = (ratio?.shape ?? []).map(({ utilization = 0, score = 0 }: Partial<ShapePoint>) => ({ utilization, score }));
  return {
    type: said.type ?? ('' as ScoringStrategy['type']),
    resources: weighed(said.resources, usual.resources),
    ...(ratio ? { requestedToCapacityRatio: { shape } } : {}),
  };
}

function weighed(said: readonly Partial<ResourceSpec>[] | undefined, usual: readonly ResourceSpec[]): readonly ResourceSpec[] {
  return said && said.length > 0 ? said.map(({ name = '', weight }) => ({ name, weight: weight || 1 })) : usual;
}

function affinityOf(addedAffinity: NodeAffinity | undefined): PluginArgs['NodeAffinity'] {
  return addedAffinity ? { addedAffinity } : {};
}

function completeConstraint(said: Partial<TopologySpreadConstraint>): TopologySpreadConstraint {
  return { ...said, maxSkew: said.maxSkew ?? 0, topologyKey: said.topologyKey ?? '', whenUnsatisfiable: said.whenUnsatisfiable ?? '' };
}
