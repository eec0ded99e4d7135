import type { FieldPath } from '@keelson/machinery';
import type { ISCSIVolumeSource } from '@keelson/types';
import type { Report } from '../../report.ts';

const forms: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.([a-zA-Z0-9\-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[a-zA-Z0-9]{16}$/,
  naa: /^naa.[a-zA-Z0-9]{32}$/,
};

type Source = Omit<ISCSIVolumeSource, 'secretRef'> & { readonly secretRef?: { readonly name?: string | undefined } | undefined };

/** Of a pod, or with `persistent` of a volume of its own. */
export function checkISCSI(source: Source, at: FieldPath, report: Report, persistent = false): void {
  const { iqn, lun = 0, initiatorName, secretRef, chapAuthDiscovery, chapAuthSession } = source;
  if (iqn) checkName(iqn, at, 'iqn', report, persistent);
  if (lun < 0 || lun > 255) report.invalid(at, 'lun', lun, 'must be between 0 and 255, inclusive');
  if ((chapAuthDiscovery || chapAuthSession) && !secretRef) report.required(at, 'secretRef');
  if (persistent && secretRef && !secretRef.name) report.required(at, 'secretRef.name');
  if (initiatorName !== undefined) checkName(initiatorName, at, 'initiatorname', report, persistent);
}

function checkName(name: string, at: FieldPath, where: string, report: Report, persistent: boolean): void {
  const form = forms[name.slice(0, 3)];
  if (form?.test(name)) return;
  const ofNone = form || persistent ? '' : ' starting with iqn, eui, or naa';
  report.invalid(at, where, name, `must be valid format${ofNone}`);
}

const longest = 64;

/** Whether the names under which a node knows the device are too long together. */
export function isISCSITooLong(volume: string, { initiatorName, targetPortal = '' }: Source): boolean {
  return initiatorName !== undefined && `${volume}:${targetPortal}`.length > longest;
}

export const iscsiTooLong =
  'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
