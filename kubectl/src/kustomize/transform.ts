import { visitFields } from './fields.ts';
import { retagged } from './images.ts';
import { annotationFields, type FieldSpec, fixedNames, labelFields, replicaFields, selectorFields, templateLabelFields } from './specs.ts';
import { type Image, type Kustomization, type Labels, type Resource, rename, type Surroundings } from './types.ts';

/** What a kustomization does to all objects it holds, but for its patches. */
export function transform(resources: readonly Resource[], kustomization: Kustomization, { typeName }: Surroundings): void {
  const { namespace, namePrefix = '', nameSuffix = '', labels = [], commonLabels, commonAnnotations, images = [] } = kustomization;
  const all: readonly Labels[] = commonLabels ? [...labels, { pairs: commonLabels, includeSelectors: true }] : labels;
  for (const resource of resources) {
    if (namespace) setNamespace(resource, namespace, typeName);
    addAffixes(resource, namePrefix, nameSuffix);
    for (const each of all) setPairs(resource, labelFieldsOf(each), each.pairs ?? {});
    setPairs(resource, annotationFields, commonAnnotations ?? {});
    setReplicas(resource, kustomization);
    setImages(resource.object, images);
  }
  requireReplicated(resources, kustomization);
}

/** Kinds of which there is one of a name in a cluster. */
const clusterKinds = new Set(
  'APIService,CSIDriver,CSINode,CertificateSigningRequest,ClusterRole,ClusterRoleBinding,ClusterTrustBundle,ComponentStatus,CustomResourceDefinition,FlowSchema,IPAddress,IngressClass,MutatingAdmissionPolicy,MutatingAdmissionPolicyBinding,MutatingWebhookConfiguration,Namespace,Node,PersistentVolume,PriorityClass,PriorityLevelConfiguration,RuntimeClass,ServiceCIDR,StorageClass,ValidatingAdmissionPolicy,ValidatingAdmissionPolicyBinding,ValidatingWebhookConfiguration,VolumeAttachment,VolumeAttributesClass'.split(
    ',',
  ),
);

/** Only built-in kinds are known to have no namespace. */
export function isClusterKind(apiVersion: string, kind: string, typeName: Surroundings['typeName']): boolean {
  return (
    clusterKinds.has(kind) && (typeName(apiVersion, kind) !== undefined || kind === 'CustomResourceDefinition' || kind === 'APIService')
  );
}

function setNamespace(resource: Resource, namespace: string, typeName: Surroundings['typeName']): void {
  const { object } = resource;
  const { apiVersion = '', kind = '' } = object;
  rename(resource, () => {
    if (kind === 'Namespace') object.metadata.name = namespace;
    else if (!isClusterKind(apiVersion, kind, typeName)) object.metadata.namespace = namespace;
  });
  if (kind === 'APIService') visitFields(object, 'spec/service/namespace', true, (holder, field) => (holder[field] = namespace));
  if (kind === 'CustomResourceDefinition') {
    visitFields(object, 'spec/conversion/webhook/clientConfig/service/namespace', false, (holder, field) => (holder[field] = namespace));
  }
  if (kind !== 'RoleBinding' && kind !== 'ClusterRoleBinding') return;
  for (const subject of (object.subjects ?? []) as { kind?: string; name?: string; namespace?: string }[]) {
    if (subject.kind === 'ServiceAccount' && subject.name === 'default') subject.namespace = namespace;
  }
}

function addAffixes(resource: Resource, prefix: string, suffix: string): void {
  const { object } = resource;
  if (prefix + suffix === '' || fixedNames.has(object.kind ?? '')) return;
  rename(resource, () => {
    object.metadata.name = `${prefix}${object.metadata.name}${suffix}`;
  });
  resource.affixes.push(`${prefix}/${suffix}`);
}

function labelFieldsOf({ includeSelectors = false, includeTemplates = false }: Labels): FieldSpec[] {
  const templates = includeSelectors || includeTemplates ? templateLabelFields : [];
  return [...labelFields, ...templates, ...(includeSelectors ? selectorFields : [])];
}

function setPairs({ object }: Resource, fields: readonly FieldSpec[], pairs: Readonly<Record<string, string>>): void {
  if (Object.keys(pairs).length === 0) return;
  for (const { path, create } of fields.filter(({ kind }) => kind === undefined || kind === object.kind)) {
    visitFields(object, path, create, (holder, field) => {
      holder[field] = { ...(holder[field] as object | undefined), ...pairs };
    });
  }
}

function setReplicas(resource: Resource, { replicas = [] }: Kustomization): void {
  for (const { name, count } of replicas) {
    if (!resource.names.some((each) => each.name === name)) continue;
    const field = replicaFields.find(({ kind }) => kind === resource.object.kind);
    if (field) visitFields(resource.object, field.path, true, (holder, last) => (holder[last] = count));
  }
}

function requireReplicated(resources: readonly Resource[], { replicas = [] }: Kustomization): void {
  const kinds = replicaFields.map(({ kind }) => kind);
  for (const { name } of replicas) {
    if (resources.some(({ object, names }) => kinds.includes(object.kind) && names.some((each) => each.name === name))) continue;
    const versions = kinds.map((kind) => `${kind}.[noVer].[noGrp]`);
    throw new Error(`resource with name ${name} does not match a config with the following GVK [${versions.join(' ')}]`);
  }
}

/** Every `image` of containers, wherever an object holds containers. */
function setImages(at: unknown, images: readonly Image[]): void {
  if (images.length === 0 || typeof at !== 'object' || at === null) return;
  for (const [field, value] of Object.entries(at)) {
    if ((field === 'containers' || field === 'initContainers') && Array.isArray(value)) {
      for (const container of value as { image?: unknown }[]) {
        if (typeof container?.image === 'string') container.image = images.reduce(retagged, container.image);
      }
    } else setImages(value, images);
  }
}
