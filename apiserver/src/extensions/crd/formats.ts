import { isIPv4, isIPv6 } from 'node:net';
import { parseCidr, parseIp } from '@keelson/machinery';
import { isRequestUri } from './request-uri.ts';
import type { Schema } from './schema.ts';

type Check = (text: string) => boolean;

const uuid = (last: string): RegExp => new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${last}-?[0-9a-f]{12}$`, 'i');
const byte = '(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])';
const shortName = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const host =
  /^([a-zA-Z0-9\p{S}\p{L}](-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?|([a-zA-Z0-9\p{S}\p{L}]([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?\.)+[a-zA-Z\p{L}]{2,63})$/u;

const matching =
  (pattern: RegExp): Check =>
  (text) =>
    pattern.test(text);

/** The string formats upstream checks in custom resources, without dashes. Others are allowed and mean nothing. */
const formats: Readonly<Record<string, Check>> = {
  datetime: isDateTime,
  date: isDate,
  duration: isDuration,
  email: matching(/^([^<>@]*<[^\s@<>]+@[^\s@<>]+>|[^\s@<>]+@[^\s@<>]+)$/),
  hostname: (text) => host.test(text) && Buffer.byteLength(text) <= 255 && text.split('.').every((part) => Buffer.byteLength(part) <= 63),
  ipv4: (text) => text.includes('.') && (isIPv6(text) || isIPv4(withoutZeroes(text))),
  ipv6: (text) => text.includes(':') && parseIp(text) !== undefined,
  cidr: (text) => parseCidr(withoutZeroes(text)) !== undefined,
  mac: matching(
    /^[0-9a-f]{2}((:[0-9a-f]{2}){5}|(:[0-9a-f]{2}){7}|(:[0-9a-f]{2}){19}|(-[0-9a-f]{2}){5}|(-[0-9a-f]{2}){7}|(-[0-9a-f]{2}){19})$|^[0-9a-f]{4}((\.[0-9a-f]{4}){2}|(\.[0-9a-f]{4}){3}|(\.[0-9a-f]{4}){9})$/i,
  ),
  uri: isRequestUri,
  uuid: matching(uuid('[0-9a-f]{4}-?[0-9a-f]{4}')),
  uuid3: matching(uuid('3[0-9a-f]{3}-?[0-9a-f]{4}')),
  uuid4: matching(uuid('4[0-9a-f]{3}-?[89ab][0-9a-f]{3}')),
  uuid5: matching(uuid('5[0-9a-f]{3}-?[89ab][0-9a-f]{3}')),
  byte: matching(/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/),
  hexcolor: matching(/^#?([0-9a-f]{3}|[0-9a-f]{6})$/i),
  rgbcolor: matching(new RegExp(`^rgb\\(\\s*${byte}\\s*,\\s*${byte}\\s*,\\s*${byte}\\s*\\)$`)),
  creditcard: isCreditCard,
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  ssn: matching(/^\d{3}[- ]\d{2}[- ]\d{4}$/),
  bsonobjectid: matching(/^[0-9a-f]{24}$/i),
  password: () => true,
  k8sshortname: (text) => text.length <= 63 && new RegExp(`^${shortName}$`).test(text),
  k8slongname: (text) => text.length <= 253 && new RegExp(`^${shortName}(\\.${shortName})*$`).test(text),
};

/** Formats of numbers, by type. */
const numbers: Readonly<Record<string, readonly string[]>> = { integer: ['int32', 'int64'], number: ['float', 'double'] };

function checkOf(format: string): Check | undefined {
  const name = format.replaceAll('-', '');
  return Object.hasOwn(formats, name) ? formats[name] : undefined;
}

/** Whether the format of a schema says something of values of its type. */
export function hasMeaning({ type = '', format = '' }: Schema): boolean {
  if (type === '' || type === 'string') return checkOf(format) !== undefined;
  return numbers[type]?.includes(format) ?? false;
}

/** Whether a string is of a format; formats nobody knows fit everything. */
export function hasFormat(text: string, format: string): boolean {
  return checkOf(format)?.(text) ?? true;
}

function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  if (year === undefined) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day);
}

function isDateTime(text: string): boolean {
  const [date = '', time = ''] = text.toLowerCase().split('t');
  const [, hours = '', minutes = '', seconds = ''] = /^(\d\d):(\d\d):(\d\d)(.\d+)?(z|[+-]\d\d:\d\d)$/.exec(time) ?? [];
  return isDate(date) && hours !== '' && hours <= '23' && minutes <= '59' && seconds <= '59';
}

/** As Go writes them, or anything that holds a number before what begins like a unit. */
function isDuration(text: string): boolean {
  if (/^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/.test(text)) return true;
  const units = [...text.matchAll(/\d+\s*([A-Za-zµ]+)/g)].map(([, unit = '']) => unit.toLowerCase());
  return units.some((unit) => /^(ns|us|µs|ms|s|m|h|hr|d|w|wk|(nano|micro|milli|sec|min|hour|day|week).*)$/.test(unit));
}

/** Octets may begin with zeroes, which once did not make them octal. */
function withoutZeroes(text: string): string {
  return text.replace(/(^|\.)0+(?=\d)/g, '$1');
}

const cards = /^(4\d{12}(\d{3})?|5[1-5]\d{14}|6(011|5\d\d)\d{12}|3[47]\d{13}|3(0[0-5]|[68]\d)\d{11}|(2131|1800|35\d{3})\d{11})$/;

function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D+/g, '');
  const doubled = [...digits]
    .reverse()
    .map((digit, index) => (index % 2 === 0 ? Number(digit) : [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][Number(digit)]));
  return cards.test(digits) && sum(doubled) % 10 === 0;
}

function isIsbn10(text: string): boolean {
  const plain = text.replace(/[\s-]+/g, '');
  return (
    /^(\d{9}X|\d{10})$/.test(plain) && sum([...plain].map((digit, index) => (index + 1) * (digit === 'X' ? 10 : Number(digit)))) % 11 === 0
  );
}

function isIsbn13(text: string): boolean {
  const plain = text.replace(/[\s-]+/g, '');
  return /^\d{13}$/.test(plain) && sum([...plain].map((digit, index) => Number(digit) * (index % 2 === 0 ? 1 : 3))) % 10 === 0;
}

function sum(numbers: readonly (number | undefined)[]): number {
  return numbers.reduce<number>((total, number = 0) => total + number, 0);
}
