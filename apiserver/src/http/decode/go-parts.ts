/** A struct that is part of others: its members are the others' own in JSON. */
interface Part {
  readonly name: string;
  /** Of which types. */
  readonly types: string;
  /** Which members are its, or else which are not. */
  readonly members?: string;
  readonly others?: string;
}

const parts: readonly Part[] = [
  { name: 'VolumeSource', types: 'core.v1.Volume', others: 'name' },
  {
    name: 'PersistentVolumeSource',
    types: 'core.v1.PersistentVolumeSpec',
    others:
      'accessModes capacity claimRef mountOptions nodeAffinity persistentVolumeReclaimPolicy storageClassName volumeAttributesClassName volumeMode',
  },
  { name: 'ProbeHandler', types: 'core.v1.Probe', members: 'exec grpc httpGet tcpSocket' },
  { name: 'EphemeralContainerCommon', types: 'core.v1.EphemeralContainer', others: 'targetContainerName' },
  {
    name: 'LocalObjectReference',
    types:
      'core.v1.ConfigMapEnvSource core.v1.ConfigMapKeySelector core.v1.ConfigMapProjection core.v1.ConfigMapVolumeSource core.v1.SecretEnvSource core.v1.SecretKeySelector core.v1.SecretProjection',
    members: 'name',
  },
  { name: 'IngressRuleValue', types: 'networking.v1.IngressRule', members: 'http' },
  {
    name: 'DeviceConfiguration',
    types: 'resource.v1.DeviceAllocationConfiguration resource.v1.DeviceClaimConfiguration resource.v1.DeviceClassConfiguration',
    members: 'opaque',
  },
  { name: 'Rule', types: 'admissionregistration.v1.RuleWithOperations', others: 'operations' },
  { name: 'RuleWithOperations', types: 'admissionregistration.v1.NamedRuleWithOperations', members: 'operations' },
  { name: 'RuleWithOperations.Rule', types: 'admissionregistration.v1.NamedRuleWithOperations', others: 'operations resourceNames' },
];

/** The part of a type that a member belongs to, which Go names on the way to the member; undefined for a member of the type itself. */
export function partOf(typeName: string, member: string): string | undefined {
  const has = (words: string | undefined, word: string): boolean => words?.split(' ').includes(word) ?? false;
  return parts.find(
    ({ types, members, others }) => has(types, typeName) && (others === undefined ? has(members, member) : !has(others, member)),
  )?.name;
}
