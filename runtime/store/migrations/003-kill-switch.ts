/** Every act on the kill switch, in the order that they were committed. Rows are added and never changed or removed. */
export const killSwitch = `
create table kill_acts (
  seq integer primary key, act_id text not null unique, scope text not null, subject text not null,
  turned text not null, "by" text not null, reason text not null, at text not null
);
create index kill_acts_by_target on kill_acts (scope, subject, seq);
create trigger kill_acts_stay before update on kill_acts
begin select raise(abort, 'an act on the kill switch is kept as it is'); end;
create trigger kill_acts_remain before delete on kill_acts
begin select raise(abort, 'an act on the kill switch is kept'); end;
`;
