import { CommandFailure } from './failure.ts';

/** A line of `tcpdump -xx` or `-XX`: an offset, groups of two or four digits, and perhaps the same as text. */
const DUMP_LINE = /^\s*0x([0-9a-f]{4,}):\s+((?:[0-9a-f]{2,4}(?: |$))+)/i;
const COMMENT = /#.*$/gm;
const SEPARATORS = /0x|[\s:,-]/gi;
/** More than any frame holds; jumbo frames have 9,000 bytes. */
const MAX_FRAME_BYTES = 65_536;

/**
 * The frames in a text: one in hexadecimal digits (separators and `#` comments allowed), or any number as `tcpdump -xx`
 * prints them. @throws CommandFailure when there is none, or something that is no digit
 */
export function readFrames(text: string): Uint8Array[] {
  const dumped = text.split('\n').flatMap((line) => {
    const [, offset = '', digits = ''] = DUMP_LINE.exec(line) ?? [];
    return offset === '' ? [] : [{ isFirst: Number.parseInt(offset, 16) === 0, digits }];
  });
  if (dumped.length === 0) return [bytesOf(text.replace(COMMENT, ''))];
  const frames: string[] = [];
  for (const { isFirst, digits } of dumped) {
    if (isFirst || frames.length === 0) frames.push(digits);
    else frames.push(`${frames.pop()} ${digits}`);
  }
  return frames.map(bytesOf);
}

function bytesOf(text: string): Uint8Array {
  const digits = text.replace(SEPARATORS, '');
  if (digits === '') {
    throw new CommandFailure(
      'there are no bytes: give a frame as hexadecimal digits or by tcpdump -xx',
    );
  }
  const [stranger] = /[^0-9a-f]/i.exec(digits) ?? [];
  if (stranger !== undefined) {
    throw new CommandFailure(
      `${JSON.stringify(stranger)} is no hexadecimal digit, and no file has that name: give a frame as tcpdump -xx prints it`,
    );
  }
  if (digits.length % 2 === 1) throw new CommandFailure('the last byte has one digit only');
  if (digits.length / 2 > MAX_FRAME_BYTES) {
    throw new CommandFailure(`${digits.length / 2} bytes are more than a frame holds`);
  }
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}
