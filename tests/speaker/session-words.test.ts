import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tooLongText } from '../../modules/metallb/src/speaker/session-words.ts';

const WEB = { prefix: '10.0.0.1/32', octets: 4_132, mostOctets: 4_096 };
const MAIL = { ...WEB, prefix: '10.0.0.2/32' };
const REMEDY = 'ask for fewer communities in the advertisements';

test('a route that no message has room for is named with what it takes and what there is', () => {
  assert.equal(tooLongText([]), []);
  assert.equal(tooLongText([WEB]), [
    `10.0.0.1/32 is not announced in this session: its message would have 4132 octets, the router takes 4096: ${REMEDY}`,
  ]);
  assert.equal(tooLongText([WEB, MAIL, MAIL]), [
    `10.0.0.1/32 and 2 more are not announced in this session: the message of the first would have 4132 octets, the router takes 4096: ${REMEDY}`,
  ]);
});

test.run();
