// Package graph finds the nearest of many vectors by links between them.
package graph
