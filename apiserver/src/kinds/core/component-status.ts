import { notFound } from '@keelson/machinery';
import { ComponentStatus } from '@keelson/types';
import { answerTo, formOf } from '../../http/request.ts';
import type { ResourceHandler } from '../../http/resource-request.ts';
import { sendBytes } from '../../http/respond.ts';
import type { ComponentCheck } from '../../http/services.ts';
import { toEntry } from '../../registry/entry.ts';
import { convert, convertList } from '../../registry/forms.ts';
import { encodeStored, ListBytes } from '../../registry/wire.ts';
import { nameColumn } from '../columns.ts';
import type { ServedKind } from '../served-kind.ts';
import type { Column } from '../types.ts';

type Text = (condition: { status: string; message?: string | undefined; error?: string | undefined }) => string | undefined;
const column = (name: string, text: Text): Column<ComponentStatus> => ({
  name,
  type: 'string',
  cell: ({ conditions }) => conditions?.map((one) => text(one) ?? '').at(-1) ?? '',
});

/** How the other parts of the control plane do: asked when somebody asks, never stored. */
export const componentStatusKind: ServedKind<ComponentStatus> = {
  kind: ComponentStatus,
  verbs: ['get', 'list'],
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  answer,
  columns: [
    nameColumn,
    column('Status', ({ status }) => (status === 'True' ? 'Healthy' : status === 'False' ? 'Unhealthy' : 'Unknown')),
    column('Message', ({ message }) => message),
    column('Error', ({ error }) => error || undefined),
  ],
};

/** Answers `get` and `list`. A component that cannot be reached is unhealthy, with what was tried as the message. */
async function answer(request: Parameters<ResourceHandler>[0]): Promise<void> {
  const { info, store, services, clock } = request;
  const form = formOf(request);
  const asked = (services.components ?? []).filter(({ name }) => info.verb === 'list' || name === info.name);
  const { kind, apiVersion } = store.kind;
  const wires = (await Promise.all(asked.map(statusOf))).map((status) => encodeStored(status, kind, apiVersion));
  if (info.verb === 'get') {
    if (!wires[0]) throw notFound(store.groupResource, info.name);
    return sendBytes(answerTo(request, form.encoding), 200, convert(store, form, wires[0], info.query, clock.now()));
  }
  const page = { resourceVersion: '', continue: undefined, remainingItemCount: undefined };
  if (form.as === 'Object') {
    const bytes = new ListBytes({ kind: 'ComponentStatusList', apiVersion, resourceVersion: '' }, wires, store.tail).whole();
    return sendBytes(answerTo(request, form.encoding), 200, bytes);
  }
  const entries = wires.flatMap((wire, index) => {
    const entry = toEntry(String(index), wire, 0, store.index);
    return entry ? { ...entry, wire } : [];
  });
  await sendBytes(answerTo(request, form.encoding), 200, convertList(store, form, { ...page, entries }, info.query, clock.now()));
}

async function statusOf({ name, check }: ComponentCheck): Promise<ComponentStatus> {
  const condition = await check().then(
    (message) => ({ status: 'True', message }),
    (error: Error) => ({ status: 'False', message: error.message }),
  );
  return { metadata: { name }, conditions: [{ type: 'Healthy', ...condition }] };
}
