# Columns: malloc'd, heap extension, mapped by malloc, depth, stack, stack in memory.
small = dir.'/small.data'
large = dir.'/large.data'
set title 'malloc: what the program holds, and what malloc holds from the kernel'
set xlabel "malloc'd and not freed, KiB"
set ylabel 'held from the kernel, KiB'
set xrange [0:*]
set yrange [0:*]
stats small using 1 nooutput
top = STATS_index_max
plot small using (KiB($1)):(KiB($2)) every ::0::top with steps lw 2.5 lc rgb '#2b6cb0' title 'heap (brk), while 3000 blocks of 1000 bytes are taken', \
     small using (KiB($1)):(KiB($2)) every ::top with lines lw 2.5 dt 2 lc rgb '#c05621' title 'heap (brk), while they are freed, oldest first', \
     large using (KiB($1)):(KiB($3)) with linespoints lw 2 pt 7 ps 0.6 lc rgb '#2f855a' title 'mapped (mmap), 15 blocks of 200 KiB taken and freed', \
     large using (KiB($1)):(KiB($2)) with lines lw 1.5 lc rgb '#718096' title 'heap (brk) meanwhile'
