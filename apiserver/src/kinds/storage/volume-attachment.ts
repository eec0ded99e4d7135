import {
  byteLength,
  type FieldError,
  type FieldPath,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  invalidBy,
  isDNS1123Subdomain,
  path,
  rangeProblem,
  validateImmutable,
} from '@keelson/machinery';
import { VolumeAttachment, type VolumeAttachmentSource, type VolumeError } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { csiDriverNameErrors } from '../core/csi-driver-name.ts';
import { defaultVolumeSpec } from '../core/persistent-volume.ts';
import { volumeSpecErrors } from '../core/persistent-volume-validation.ts';
import { atMostBytes } from '../field-checks.ts';
import type { KindDefinition } from '../types.ts';

const metadataLimit = 256 * 1024;
const messageLimit = 1024;

export const volumeAttachmentKind: KindDefinition<VolumeAttachment> = {
  kind: VolumeAttachment,
  generation: false,
  conditionalUpdateOnly: true,
  defaults({ spec }) {
    if (spec?.source?.inlineVolumeSpec) defaultVolumeSpec(spec.source.inlineVolumeSpec);
  },
  prepareCreate(attachment) {
    attachment.status = { attached: false };
  },
  validate({ spec }) {
    if (!spec) return [fieldRequired(path('spec'))];
    const at = path('spec');
    return [
      ...csiDriverNameErrors(spec.attacher, at.child('attacher')),
      ...sourceErrors(spec.source ?? {}, at.child('source')),
      ...invalidBy(isDNS1123Subdomain(spec.nodeName ?? ''), at.child('nodeName'), spec.nodeName ?? ''),
    ];
  },
  validateUpdate: (next, old) => validateImmutable(next.spec, old.spec, path('spec')),
  status: { leaves: 'metadata', validateUpdate: statusErrors },
  deletion: { returnsObject: true },
  columns: [
    nameColumn,
    { name: 'Attacher', type: 'string', format: 'name', cell: ({ spec }) => spec.attacher },
    { name: 'PV', type: 'string', cell: ({ spec }) => spec.source.persistentVolumeName ?? '' },
    { name: 'Node', type: 'string', cell: ({ spec }) => spec.nodeName },
    { name: 'Attached', type: 'boolean', cell: ({ status }) => status?.attached ?? false },
    ageColumn,
  ],
};

function sourceErrors({ inlineVolumeSpec: inline, persistentVolumeName: name }: VolumeAttachmentSource, at: FieldPath): FieldError[] {
  const detail = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (!inline && name === undefined) return [fieldRequired(at, detail)];
  if (inline && name !== undefined) return [fieldForbidden(at, detail)];
  if (inline) return volumeSpecErrors(inline, at.child('inlineVolumeSpec'));
  const where = at.child('persistentVolumeName');
  const missing = name ? [] : [fieldRequired(where, 'must specify non empty persistentVolumeName')];
  return [...missing, ...invalidBy(isDNS1123Subdomain(name ?? ''), where, name)];
}

function statusErrors({ status }: VolumeAttachment): FieldError[] {
  const at = path('status');
  const { attachmentMetadata = {}, attachError, detachError } = status ?? {};
  const size = Object.entries(attachmentMetadata).reduce((sum, [key, value]) => sum + byteLength(key) + byteLength(value), 0);
  return [
    ...(size > metadataLimit ? [fieldTooLong(at.child('attachmentMetadata'), metadataLimit)] : []),
    ...problemErrors(attachError, at.child('attachError')),
    ...problemErrors(detachError, at.child('detachError')),
  ];
}

function problemErrors(problem: VolumeError | undefined, at: FieldPath): FieldError[] {
  const { message, errorCode } = problem ?? {};
  const errors = atMostBytes(message, messageLimit, at.child('message'));
  if (errorCode === undefined || errorCode >= 0) return errors;
  return [...errors, fieldInvalid(at.child('errorCode'), errorCode, rangeProblem(0, 2 ** 31 - 1))];
}
