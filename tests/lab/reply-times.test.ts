import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { announcementOf, arpRequest } from '../../lab/frames.ts';
import { repliesIn } from '../../lab/reply-times.ts';

const ASKER = { mac: '02:00:00:00:00:aa', ip: '10.9.0.170' };
const IP = '192.0.2.10';
const QUESTION = arpRequest(ASKER, IP);
const REPLY = announcementOf(IP, '02:00:00:00:00:01');
const OTHER = announcementOf('192.0.2.11', '02:00:00:00:00:01');

test('the first claim to the IP after a question is its reply', () => {
  const frames = [
    { epochMs: 9, bytes: REPLY },
    { epochMs: 10, bytes: QUESTION },
    { epochMs: 10.2, bytes: OTHER },
    { epochMs: 10.5, bytes: REPLY },
    { epochMs: 10.6, bytes: REPLY },
  ];
  assert.equal(repliesIn(frames, [[QUESTION, IP]]), { times: [0.5], asked: 1 });
});

test('an unanswered question is left out, and its successor is not blamed for it', () => {
  const frames = [
    { epochMs: 10, bytes: QUESTION },
    { epochMs: 20, bytes: QUESTION },
    { epochMs: 21, bytes: REPLY },
  ];
  assert.equal(repliesIn(frames, [[QUESTION, IP]]), { times: [1], asked: 2 });
});

test.run();
