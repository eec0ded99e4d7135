import { type FieldPath, isLabelValue, isQualifiedName } from '@keelson/machinery';
import type { Toleration } from '@keelson/types';
import type { Report } from '../../report.ts';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const operators = ['Equal', 'Exists'];
/** Known, and behind a feature gate that is off. */
const comparisons = ['Lt', 'Gt'];

/** Which taints a pod puts up with. `parent` is what has the list `tolerations`. */
export function checkTolerations(tolerations: readonly Toleration[], parent: FieldPath, report: Report): void {
  for (const [index, toleration] of tolerations.entries()) {
    const at = parent.child('tolerations').index(index);
    const { key, operator = '', effect = '', tolerationSeconds } = toleration;
    if (key) report.problems(at, 'key', key, isQualifiedName(key));
    else if (operator !== 'Exists')
      report.invalid(at, 'operator', operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"');
    if (tolerationSeconds !== undefined && effect !== 'NoExecute')
      report.invalid(at, 'effect', effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
    checkValue(toleration, at, report);
    if (effect && !effects.includes(effect)) report.unsupported(at, 'effect', effect, effects);
  }
}

/** No operator means `Equal`. */
function checkValue({ operator, value = '' }: Toleration, at: FieldPath, report: Report): void {
  if (operator === 'Exists') {
    if (value) report.invalid(at, 'operator', value, "value must be empty when `operator` is 'Exists'");
  } else if (!operator || operator === 'Equal') {
    const problems = isLabelValue(value);
    if (problems.length > 0) report.invalid(at, 'operator', value, problems.join(';'));
  } else report.unsupported(at, 'operator', operator, comparisons.includes(operator) ? [...operators, ...comparisons] : operators);
}
