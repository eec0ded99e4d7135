import { defaultRules } from './rbac/bootstrap.ts';
import { grants } from './rbac/rules.ts';
import type { Authorizer } from './types.ts';

/**
 * Kubelets: users `system:node:<name>` in the group `system:nodes` may do what the role `system:node` says. Thin: what a node's own pods
 * refer to is not yet looked at, so a kubelet may read any Secret it can name.
 */
export function nodeAuthorizer(): Authorizer {
  const rules = defaultRules('system:node');
  return {
    name: 'Node',
    authorize(attributes) {
      const { name, groups } = attributes.user;
      if (!name.startsWith('system:node:') || !groups.includes('system:nodes')) return { type: 'noOpinion', reason: '' };
      if (rules.some((rule) => grants(rule, attributes))) return { type: 'allow', reason: '' };
      return { type: 'noOpinion', reason: '' };
    },
  };
}
