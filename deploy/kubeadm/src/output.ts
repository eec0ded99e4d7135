import { toYaml } from '@keelson/machinery';

/** The forms that answers are printed in: for people, and for programs. */
export const outputForms = ['text', 'json', 'yaml'] as const;

export type OutputForm = (typeof outputForms)[number];

/** An answer for programs: a document of kubeadm's API for them, as upstream prints it. */
export function rendered(form: 'json' | 'yaml', kind: string, content: object): string {
  const document = { kind, apiVersion: 'output.kubeadm.k8s.io/v1alpha3', ...content };
  return form === 'json' ? `${JSON.stringify(document, null, 4)}\n` : toYaml(document);
}

/** Several such answers: JSON one behind the other, YAML as documents of one file. */
export function renderedEach(form: 'json' | 'yaml', kind: string, contents: readonly object[]): string {
  return contents.map((content) => rendered(form, kind, content)).join(form === 'json' ? '' : '---\n');
}
