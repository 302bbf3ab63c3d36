/** The items by key: keys in the order in which they first came, the items of one key in theirs. */
export function groupBy<Item, Key>(
  items: Iterable<Item>,
  keyFor: (item: Item) => Key,
): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyFor(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
