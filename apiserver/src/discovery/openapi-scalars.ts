interface Forms {
  readonly v2: Readonly<Record<string, unknown>>;
  readonly v3: Readonly<Record<string, unknown>>;
}

const object: Forms = { v2: { type: 'object' }, v3: { type: 'object' } };
const anything: Forms = { v2: {}, v3: {} };

/** Types whose JSON is no object with members of its own, as upstream publishes them. */
const forms: Readonly<Record<string, Forms>> = {
  'api.resource.Quantity': { v2: { type: 'string' }, v3: { oneOf: [{ type: 'string' }, { type: 'number' }] } },
  'util.intstr.IntOrString': {
    v2: { type: 'string', format: 'int-or-string' },
    v3: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  },
  'meta.v1.FieldsV1': object,
  'runtime.RawExtension': object,
  'apiextensions.v1.CustomResourceSubresourceStatus': object,
  'apiextensions.v1.JSON': anything,
  'apiextensions.v1.JSONSchemaPropsOrArray': anything,
  'apiextensions.v1.JSONSchemaPropsOrBool': anything,
  'apiextensions.v1.JSONSchemaPropsOrStringArray': anything,
};

/** What a document of that version says of such a type, apart from its description; undefined for every other type. */
export function scalarForm(type: string, version: 'v2' | 'v3'): Readonly<Record<string, unknown>> | undefined {
  return forms[type]?.[version];
}
