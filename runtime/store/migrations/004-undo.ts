/**
 * What a run that does not complete did is taken back. How it is to end stands in its row from the moment that this
 * begins; an act keeps what became of it, and taking one back is an effect of its own that names the act.
 */
export const undo = `
alter table effects add column undoes text;
alter table effects add column undo_outcome text;
alter table effects add column undo_at text;
alter table effects add column undo_by text;
alter table effects add column undo_note text;
alter table runs add column ending text;
`;
