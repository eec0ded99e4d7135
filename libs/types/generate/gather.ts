/** Joins the sources into one model of the stable versions. */
import { join } from 'node:path';
import { ClientNodeModels, refine } from './client-node.ts';
import { readKubernetesModels } from './kubernetes-models.ts';
import { type Field, type Model, sortedMap, type TypeModel } from './model.ts';
import { metaKinds, ofPastReleases, onlyInClientNode, shapeCorrections, specials } from './special.ts';

export function gather(modules: string): Model {
  const client = new ClientNodeModels(join(modules, '@kubernetes/client-node/dist/gen/models'));
  const known = readKubernetesModels([join(modules, 'kubernetes-models'), join(modules, '@kubernetes-models/apimachinery')]);
  const types = [...known.values()].flatMap((type) => {
    if (ofPastReleases.has(type.typeName)) return [];
    if (type.typeName in specials) return [{ ...type, fields: [] }];
    const attributes = client.attributesOf(type.typeName === 'version.Info' ? 'version..Info' : type.typeName);
    return attributes ? [correct(refine(type, attributes))] : [];
  });
  types.push(...onlyInClientNode.map((typeName) => client.wholeType(typeName)));
  return sortedMap(types.map((type) => [type.typeName, type] as const));
}

function correct(type: TypeModel): TypeModel {
  const isMetaKind = type.module === 'meta_v1' && metaKinds.includes(type.name);
  const fields = type.fields.map(
    (field): Field => ({ ...field, shape: shapeCorrections[`${type.typeName}.${field.name}`] ?? field.shape }),
  );
  return { ...type, fields, gvk: isMetaKind ? { group: '', version: 'v1', kind: type.name } : type.gvk };
}
