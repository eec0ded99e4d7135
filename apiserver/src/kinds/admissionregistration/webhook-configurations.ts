import { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { Column, KindDefinition } from '../types.ts';
import { defaultWebhook, webhooksErrors } from './webhook-validation.ts';

const columns: readonly Column<ValidatingWebhookConfiguration | MutatingWebhookConfiguration>[] = [
  nameColumn,
  { name: 'Webhooks', type: 'integer', cell: ({ webhooks }) => webhooks?.length ?? 0 },
  ageColumn,
];

export const validatingWebhookConfigurationKind: KindDefinition<ValidatingWebhookConfiguration> = {
  kind: ValidatingWebhookConfiguration,
  generation: true,
  conditionalUpdateOnly: true,
  defaults({ webhooks }) {
    for (const webhook of webhooks ?? []) defaultWebhook(webhook);
  },
  validate: ({ webhooks }) => webhooksErrors(webhooks),
  columns,
};

export const mutatingWebhookConfigurationKind: KindDefinition<MutatingWebhookConfiguration> = {
  kind: MutatingWebhookConfiguration,
  generation: true,
  conditionalUpdateOnly: true,
  defaults({ webhooks }) {
    for (const webhook of webhooks ?? []) {
      defaultWebhook(webhook);
      webhook.reinvocationPolicy ??= 'Never';
    }
  },
  validate: ({ webhooks }) => webhooksErrors(webhooks),
  columns,
};
