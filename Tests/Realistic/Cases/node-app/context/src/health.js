console.log('healthy')
