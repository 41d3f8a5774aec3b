"""From observations to a sheet of points, from the sheet to totals, ranks, sentences and things to mend."""
