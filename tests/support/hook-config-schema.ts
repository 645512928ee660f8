const text = { type: 'string' };
const flag = { type: 'boolean' };

function closed(properties: object, required: readonly string[] = []): object {
  return { type: 'object', additionalProperties: false, properties, required };
}

/** What shell-operator takes as the configuration of a hook, as far as hooks here may use it: any other key is fatal. */
export const CONFIG_SCHEMA = {
  ...closed(
    {
      configVersion: { enum: ['v1'] },
      settings: closed(
        {
          executionMinInterval: { type: 'string', pattern: '^\\d+(?:ms|s|m)$' },
          executionBurst: { type: 'integer' },
        },
        // A limit with one of the two can't be read.
        ['executionMinInterval', 'executionBurst'],
      ),
      schedule: {
        type: 'array',
        minItems: 1,
        items: closed({ name: text, crontab: text, allowFailure: flag, queue: text, group: text }, [
          'crontab',
        ]),
      },
      kubernetes: {
        type: 'array',
        minItems: 1,
        items: closed(
          {
            name: text,
            apiVersion: text,
            kind: text,
            nameSelector: closed({ matchNames: { type: 'array', items: text } }, ['matchNames']),
            executeHookOnEvent: {
              type: 'array',
              items: { enum: ['Added', 'Modified', 'Deleted'] },
            },
            executeHookOnSynchronization: flag,
            keepFullObjectsInMemory: flag,
            allowFailure: flag,
            jqFilter: text,
            queue: text,
            group: text,
          },
          ['kind'],
        ),
      },
    },
    ['configVersion'],
  ),
  minProperties: 2,
};
