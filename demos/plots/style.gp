# What both plots share. kind, dir, out come from plots.sh.
if (kind eq 'svg') set terminal svg size 900,560 font 'DejaVu Sans,14' background '#ffffff'
if (kind eq 'png') set terminal pngcairo size 1350,840 font 'DejaVu Sans,15' background '#ffffff'
set output out
set border 3 lc rgb '#555555'
set tics nomirror
set grid lc rgb '#e2e2e2' lw 1
set key at graph 0.99, graph 0.09 right bottom reverse Left spacing 1.3
set lmargin 11
set bmargin 5
KiB(x) = x / 1024.0
