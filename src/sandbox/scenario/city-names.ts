const CITIES = `
  paris tokyo nairobi lima oslo hanoi quito turin perth dakar seoul porto cairo delhi havana zurich boston
  chengdu malmo osaka riga accra leeds graz kyoto bogota tallinn sydney lagos munich lyon austin xiamen ghent
  split tampa dublin izmir hobart vienna suzhou madrid kigali toronto busan lucerne mendoza bergen
`
  .trim()
  .split(/\s+/);

/** The display name of the n-th cluster, counted from 0: a city, with a number once the cities are used up. */
export function cityName(index: number): string {
  const city = CITIES[index % CITIES.length] ?? "city";
  const round = Math.floor(index / CITIES.length);
  return round === 0 ? city : `${city}-${round + 1}`;
}
